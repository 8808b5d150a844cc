import asyncio
import os
import signal
import sys

import pytest

from tulle.agent.errors import AgentError
from tulle.agent.programs.program import (
    Program,
    check_command,
    environment,
    expand,
    with_http_proxy,
    with_own,
)
from tulle.model.kinds.workload import BoundUpstream, WorkloadPort

ENV = {"PATH": os.environ["PATH"]}


def upstream(service: str, port: int, local_port: int, namespace: str = "shop") -> BoundUpstream:
    return BoundUpstream(service=service, namespace=namespace, port=port, local_port=local_port)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-u", "-S", "-c", code)


async def run(program: Program) -> int:
    return await program.run(lambda pid: None)


class TestEnvironment:
    def test_an_upstream_is_named_by_host_port_and_address(self):
        env = environment({"HOME": "/"}, (), (upstream("re-views.v1", 80, 18080),))

        assert env["RE_VIEWS_V1_HOST"] == "127.0.0.1"
        assert env["RE_VIEWS_V1_PORT"] == "18080"
        assert env["RE_VIEWS_V1_ADDR"] == "127.0.0.1:18080"
        assert env["HOME"] == "/"

    def test_of_two_ports_of_a_service_the_first_has_the_short_name(self):
        env = environment({}, (), (upstream("db", 1, 11), upstream("db", 2, 22)))

        assert (env["DB_PORT"], env["DB_1_PORT"], env["DB_2_PORT"]) == ("11", "11", "22")

    def test_the_programs_own_ports_are_named(self):
        ports = (WorkloadPort(port=9080, name="http-web"), WorkloadPort(port=9090))

        assert environment({}, ports, ()) == {"PORT": "9080", "PORT_HTTP_WEB": "9080"}

    def test_the_users_variables_win_and_may_refer_to_those_before_them(self):
        env = environment({}, (WorkloadPort(port=9080),), (upstream("db", 1, 11),))
        own = {"URL": "redis://$(DB_ADDR)", "PORT": "1", "TWICE": "$(URL) $(URL)"}

        made = with_own(env, own)

        assert made["URL"] == "redis://127.0.0.1:11"
        assert made["PORT"] == "1"
        assert made["TWICE"] == "redis://127.0.0.1:11 redis://127.0.0.1:11"


class TestHttpProxy:
    def test_both_spellings_name_the_port_and_exempt_loopback(self):
        env = with_http_proxy({"HOME": "/"}, 18000)

        for name in ("HTTP_PROXY", "http_proxy"):
            assert env[name] == "http://127.0.0.1:18000"
        for name in ("NO_PROXY", "no_proxy"):
            assert env[name] == "localhost,127.0.0.1,::1"
        assert env["HOME"] == "/"

    def test_what_the_user_exempts_stays_exempt_each_once(self):
        env = with_http_proxy({"NO_PROXY": "a.b, localhost,", "no_proxy": ".c,a.b"}, 18000)

        assert env["NO_PROXY"] == env["no_proxy"] == "localhost,127.0.0.1,::1,a.b,.c"

    def test_tls_the_program_starts_itself_goes_where_it_went(self):
        assert "HTTPS_PROXY" not in with_http_proxy({}, 1)
        assert with_http_proxy({"https_proxy": "http://x"}, 1)["https_proxy"] == "http://x"

    def test_nothing_is_set_where_nobody_asked(self):
        assert (
            environment({}, (), (upstream("db", 1, 11),))
            .keys()
            .isdisjoint({"HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"})
        )


class TestExpand:
    def test_names_stand_for_values(self):
        assert expand("http://$(DB_ADDR)/$(DB_ADDR)", {"DB_ADDR": "a:1"}) == "http://a:1/a:1"

    def test_unknown_names_and_escapes_stay_as_they_are(self):
        assert expand("$(NOBODY) $$(DB) $DB ${DB}", {"DB": "x"}) == "$(NOBODY) $(DB) $DB ${DB}"


class TestCheckCommand:
    def test_a_command_on_path_is_found(self):
        check_command(("sh",), ENV, None)

    def test_a_missing_command_is_the_shells_127(self):
        with pytest.raises(AgentError) as caught:
            check_command(("no-such-command",), ENV, None)
        assert (caught.value.problem.code, caught.value.exit_code) == ("command-missing", 127)

    def test_a_relative_command_is_looked_for_in_its_folder(self, tmp_path):
        (tmp_path / "go").touch(mode=0o755)

        check_command(("./go",), ENV, str(tmp_path))

    def test_a_file_that_is_no_program_is_the_shells_126(self, tmp_path):
        (tmp_path / "go").touch(mode=0o644)
        with pytest.raises(AgentError) as caught:
            check_command(("./go",), ENV, str(tmp_path))
        assert (caught.value.problem.code, caught.value.exit_code) == (
            "command-not-executable",
            126,
        )

    def test_a_missing_folder_is_named(self):
        with pytest.raises(AgentError) as caught:
            check_command(("sh",), ENV, "/no/such/folder")
        assert caught.value.problem.code == "working-dir-missing"
        assert "--working-dir" in caught.value.problem.hint


class TestProgram:
    async def test_its_exit_code_is_returned(self):
        assert await run(Program(python("raise SystemExit(3)"), ENV)) == 3

    async def test_a_signal_that_kills_it_shows_as_128_and_more(self):
        program = Program(python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), ENV)

        assert await run(program) == 128 + signal.SIGKILL

    async def test_its_lines_arrive_with_their_stream_in_order(self):
        lines = []
        code = (
            "import sys; print('a'); print('b', file=sys.stderr); print('c\\r'); print('d', end='')"
        )
        program = Program(python(code), ENV, sink=lambda *line: lines.append(line))

        assert await run(program) == 0
        assert [text for stream, text in lines if stream == "stdout"] == ["a", "c", "d"]
        assert ("stderr", "b") in lines

    async def test_a_line_without_end_arrives_in_pieces(self):
        lines = []
        program = Program(
            python("print('x' * 200_000, end='')"), ENV, sink=lambda _, text: lines.append(text)
        )
        await run(program)

        assert "".join(lines) == "x" * 200_000
        assert max(map(len, lines)) <= 2 * 64 * 1024

    async def test_variables_in_the_command_are_replaced(self):
        lines = []
        program = Program(
            ("echo", "$(DB_ADDR)"),
            {**ENV, "DB_ADDR": "127.0.0.1:1"},
            sink=lambda _, text: lines.append(text),
        )
        await run(program)

        assert lines == ["127.0.0.1:1"]

    async def test_it_runs_where_it_was_told_to(self, tmp_path):
        lines = []
        program = Program(("pwd",), ENV, cwd=str(tmp_path), sink=lambda _, text: lines.append(text))
        await run(program)

        assert lines == [str(tmp_path)]

    async def test_signals_reach_it_and_it_may_end_in_its_own_way(self):
        up, lines = asyncio.Event(), []

        def sink(_: str, text: str) -> None:
            lines.append(text)
            up.set()

        code = (
            "import signal, time\n"
            "signal.signal(signal.SIGHUP, lambda *_: print('again'))\n"
            "def leave(*_):\n    print('bye')\n    raise SystemExit(9)\n"
            "signal.signal(signal.SIGINT, leave)\n"
            "print('up')\n"
            "while True: time.sleep(0.01)"
        )
        program = Program(python(code), ENV, sink=sink)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(run(program))
            await up.wait()
            up.clear()
            program.signal(signal.SIGHUP)
            await up.wait()
            await program.end(signal.SIGINT, asyncio.sleep(10))

        assert running.result() == 9
        assert lines == ["up", "again", "bye"]

    async def test_it_has_ended_when_it_ended_though_a_child_of_its_own_holds_its_output(self):
        lines = []
        program = Program(
            ("/bin/sh", "-c", "sleep 60 & echo up; exit 4"), ENV, sink=lambda _, t: lines.append(t)
        )

        assert await asyncio.wait_for(run(program), 10) == 4
        assert lines == ["up"]

    async def test_one_that_does_not_listen_is_killed_when_patience_is_over(self):
        up = asyncio.Event()
        deaf = Program(
            python(
                "import signal, time; signal.signal(15, signal.SIG_IGN); print(1); time.sleep(60)"
            ),
            ENV,
            sink=lambda *_: up.set(),
        )
        async with asyncio.TaskGroup() as group:
            running = group.create_task(run(deaf))
            await up.wait()
            await deaf.end(signal.SIGTERM, asyncio.sleep(0.01))

        assert running.result() == 128 + signal.SIGKILL

    async def test_cancelled_it_leaves_nothing_running(self):
        started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        program = Program(("sleep", "60"), ENV)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(program.run(started.set_result))
            pid = await started
            running.cancel()

        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
