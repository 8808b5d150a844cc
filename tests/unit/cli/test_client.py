"""Talking to a server, and what is said when that fails. The server here answers what a test wrote down."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tulle.cli import client as client_module
from tulle.cli.answers import ServerVersion
from tulle.cli.client import Client, default_server, refusal
from tulle.cli.errors import CliError, ProblemsFound
from tulle.model.names import ResourceKey
from tulle.model.problems import Place, Severity

Answering = Callable[[bytes], Client]


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Answering]:
    """Makes a client of a server that answers one request with the given bytes, then hangs up."""
    threads: list[threading.Thread] = []

    def start(reply: bytes) -> Client:
        path = str(tmp_path / "api.sock")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            with listener, listener.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(reply)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return Client(f"unix:{path}")

    yield start
    for thread in threads:
        thread.join()


def reply(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


def test_an_answer_is_read_into_its_value(answering: Answering) -> None:
    client = answering(reply(b'{"version": "9", "newer": true}'))

    assert client.get("/tulle/v1/version", ServerVersion) == ServerVersion(version="9")


def test_an_answer_of_another_shape_blames_versions(answering: Answering) -> None:
    client = answering(reply(b"{}"))

    with pytest.raises(CliError) as caught:
        client.get("/tulle/v1/version", ServerVersion)

    assert caught.value.code == "server-answers-strangely"


def test_a_server_that_hangs_up_is_no_traceback(answering: Answering) -> None:
    client = answering(b"")

    with pytest.raises(CliError) as caught:
        client.raw("/")

    assert caught.value.code == "server-gone"


def test_without_a_server_it_says_where_it_looked_and_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(CliError) as caught:
        Client(str(tmp_path / "api.sock")).raw("/")

    assert caught.value.code == "no-server"
    assert str(tmp_path / "api.sock") in caught.value.message
    assert "tulle up" in caught.value.hint


def test_a_socket_nobody_listens_at_any_more_is_no_server(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    with pytest.raises(CliError) as caught:
        Client(str(path)).raw("/")

    assert caught.value.code == "no-server"


def test_a_server_that_never_answers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "LIMIT_S", 0.05)
    path = tmp_path / "api.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        with pytest.raises(CliError) as caught:
            Client(str(path)).raw("/")

    assert caught.value.code == "server-timeout"


def test_problems_come_back_as_the_values_they_were() -> None:
    body = (
        b'{"problems": [{"path": "spec.port", "code": "c", "message": "m", "hint": "h",'
        b' "resource": "Service shop/web", "place": "a.yaml:3", "severity": "warning"},'
        b' {"message": "n", "resource": "Mesh default"}]}'
    )

    error = refusal(422, body)

    assert isinstance(error, ProblemsFound)
    first, second = error.problems
    assert first.resource == ResourceKey("Service", "shop", "web")
    assert first.place == Place("a.yaml", 3)
    assert first.severity is Severity.WARNING
    assert second.resource == ResourceKey("Mesh", "", "default")


def test_one_problem_of_what_was_sent_keeps_its_field() -> None:
    error = refusal(422, b'{"problems": [{"path": "url", "code": "c", "message": "m"}]}')

    assert isinstance(error, ProblemsFound)
    assert [problem.path for problem in error.problems] == ["url"]


def test_one_problem_of_a_request_is_one_sentence() -> None:
    body = b'{"problems": [{"message": "is not there", "code": "not-found", "resource": "Mesh x"}]}'

    error = refusal(404, body)

    assert isinstance(error, CliError)
    assert error.message == "Mesh x: is not there"
    assert error.code == "not-found"


def test_a_sentence_that_names_its_resource_does_not_name_it_twice() -> None:
    body = b'{"problems": [{"message": "there is no Mesh x", "code": "c", "resource": "Mesh x"}]}'

    error = refusal(404, body)

    assert isinstance(error, CliError)
    assert error.message == "there is no Mesh x"


def test_an_answer_that_is_no_json_is_shown_with_its_status_and_a_way_out() -> None:
    told = refusal(502, b"bad gateway\n")

    assert isinstance(told, CliError)
    assert told.message == "the server answered 502: bad gateway"
    assert (told.code, "tulle version" in told.hint) == ("http-502", True)
    assert refusal(500, b"").message == "the server answered 500: no reason"
    unknown = b'{"message": "404: Not Found"}'
    assert refusal(404, unknown).message == "the server answered 404: Not Found"


def test_the_environment_names_the_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TULLE_SERVER", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert default_server() == str(tmp_path / "tulle" / "api.sock")

    monkeypatch.setenv("TULLE_SERVER", "/run/mine.sock")
    assert default_server() == "/run/mine.sock"
