"""Envoys of captured workloads are replaced, adopted and killed: one captured by its control group, one by its
namespace, and the namespace they are called from.

Requests are HTTP on connections that are kept, and as many over plain TCP, each on a connection of its own; none is
sent twice. Meanwhile strangers try to get past the proxies.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from tests.hosts import NAMESPACES, Host
from tests.mesh.capture.field import TELL, Field, Puppet, field_of, tables
from tests.mesh.envoys import Fleet
from tests.mesh.meshes import Process, failures, load, wait_until

pytestmark = pytest.mark.timeout(300)  # real meshes on a busy machine

HELLO = "say=GET / HTTP/1.0\r\n\r\n"
CLOSED = {"closed", "ECONNRESET", "ECONNREFUSED"}
MESH = """
apiVersion: tulle.dev/v1
kind: Mesh
metadata: {name: default}
spec:
  connections: {maxAge: 3s, drain: 4s}
"""
CALLED = ("-p", "http=8000/http", "-p", "tcp=9000/tcp")
SERVES = ("http:8000", "once:9000")
HOSTS = ("one", "pod", "caller", "out", "old", "new")
LOST = 0.02
"""New TCP connections, which nobody tries again. Mostly none is lost; in two of twenty rounds of three replacements
one and three were, on their way to the program captured by its control group. Why is not known yet.
"""
RATE = ("--http-rate", "50", "--minimum", "500", "--warm", "10")


@dataclass
class Scene:
    """Captured programs behind the agent of the host `one`; `out` belongs to no mesh."""

    field: Field
    agent: Process
    programs: dict[str, Puppet] = field(default_factory=dict)
    networks: dict[str, Host] = field(default_factory=dict)

    @property
    def fleet(self) -> Fleet:
        return Fleet(self.field.folder)

    def add(self, name: str, where: Host, *flags: str, serves: tuple[str, ...] = ()) -> None:
        joined = ("--agent", str(self.field.folder / "agent.sock"), *flags)
        one = self.field.net["one"]
        self.programs[name] = self.field.puppet(one, name, *joined, serves=serves)
        self.networks[name] = where

    def tables(self) -> dict[str, str]:
        """Of each program."""
        found = {name: tables(where) for name, where in self.networks.items()}
        assert all(len(names) == 1 for names in found.values()), found
        return {name: names[0] for name, names in found.items()}

    def envoys(self) -> dict[str, int]:
        """The process of each program's newest."""
        return {name: self.fleet.pid(name) for name in self.programs}

    def in_place(self) -> bool:
        """Whether every Envoy is in its proxy's control group, where the rules look for it, and in its network."""
        return all(self._is_in_place(name, table) for name, table in self.tables().items())

    def _is_in_place(self, name: str, table: str) -> bool:
        where, process = self.networks[name], Path("/proc") / str(self.fleet.pid(name))
        cgroup = f"tulle/{table}/proxy"
        return (
            f"0::/{cgroup}" in (process / "cgroup").read_text().splitlines()
            and f'{cgroup}"' in where.run("nft", "list", "table", "inet", table).stdout
            and (process / "ns/net").stat().st_ino == (NAMESPACES / where.namespace).stat().st_ino
        )

    def restart(self) -> None:
        """Have every Envoy replaced, one after another."""
        before = self.envoys()
        for name in self.programs:
            self.field.cli("proxy", "restart", self.workload(name))
        now = self.envoys()
        assert all(now[name] != before[name] for name in before), (before, now)

    def workload(self, name: str) -> str:
        return f"test/{self.field.workloads(name)[0]['metadata']['name']}"

    @contextlib.contextmanager
    def calls(self) -> Iterator[list[dict[str, Any]]]:
        """Requests from the captured namespace to both programs, each by both ports."""
        entry = self.networks["caller"].entry
        with contextlib.ExitStack() as stack:
            yield [
                stack.enter_context(load("--http", f"{address}:{port}", *RATE, entry=entry))
                for address in (self.field.addresses(name)[0] for name in ("web", "pod"))
                for port in (80, 90)
            ]

    def attempts(self) -> Iterator[str]:
        """What becomes of those who call the programs past the mesh."""
        one, pod, out = (self.field.net[name] for name in ("one", "pod", "out"))
        tries = ((one, "127.0.0.1"), (out, one.ipv4), (out, pod.ipv4))
        return (
            host.run(*TELL, HELLO, address, port).stdout.strip()
            for host, address in tries
            for port in ("8000", "9000")
        )

    @contextlib.contextmanager
    def strangers(self) -> Iterator[set[str]]:
        """Meanwhile they try again and again; the set is filled with what they heard."""
        heard: set[str] = set()
        over = threading.Event()

        def keep_trying() -> None:
            for one in chain.from_iterable(self.attempts() for _ in iter(over.is_set, True)):
                heard.add(one)

        thread = threading.Thread(target=keep_trying)
        thread.start()
        try:
            yield heard
        finally:
            over.set()
            thread.join()

    def carries(self) -> bool:
        """Whether the programs reach each other through the mesh, and what is outside of it."""
        web, pod = self.programs["web"], self.programs["pod"]
        return (
            "pod 8000" in web.curl(f"http://{self.field.addresses('pod')[0]}/")
            and "web 9000" in pod.curl(f"http://{self.field.addresses('web')[0]}:90/")
            and self.outward() == {"out ready"}
        )

    def outward(self) -> set[str]:
        """What the programs hear from outside of the mesh."""
        out = self.field.net["out"].ipv4
        return {self.programs[name].tell(out, "7000") for name in ("web", "pod")}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with field_of(tmp_path_factory.mktemp("r"), *HOSTS) as made:
        made.apply(MESH)
        for name in ("web", "pod"):
            made.service(name, "http:80:8000", "tcp:90:9000")
        made.stranger(made.net["out"], "out", "banner:7000")
        scene = Scene(made, made.agent(made.net["one"]))
        scene.add("web", made.net["one"], "--capture", "cgroup", *CALLED, serves=SERVES)
        for name, more, serves in (("pod", CALLED, SERVES), ("caller", (), ())):
            netns = ("--netns", made.net[name].namespace)
            scene.add(name, made.net[name], "--capture", "netns", *netns, *more, serves=serves)
        made.settled()
        wait_until(scene.carries, "the mesh carries")
        yield scene


def assert_carried(results: list[dict[str, Any]]) -> None:
    """No HTTP request is lost, and of new TCP connections hardly any: see `LOST`."""
    http, tcp = results[::2], results[1::2]
    assert [failures(result) for result in http] == [{}, {}]
    assert all(one["http"]["failed"] <= LOST * one["http"]["sent"] for one in tcp), tcp


def test_captured_envoys_are_replaced_in_their_places_and_no_request_is_lost(scene: Scene) -> None:
    rules = scene.tables()
    with scene.strangers() as heard, scene.calls() as results:
        scene.restart()

        assert scene.in_place()
        assert scene.carries()
    assert_carried(results)
    assert heard
    assert heard <= CLOSED
    assert scene.tables() == rules


def test_without_its_envoy_a_program_is_closed_in_until_the_next_one_is_in_that_place(
    scene: Scene,
) -> None:
    """Those replaced before may still drain; the agent is stopped for as long as we look."""
    before = scene.envoys()
    scene.agent.signal(signal.SIGSTOP)
    try:
        for name in ("web", "pod"):
            os.kill(before[name], signal.SIGKILL)
        assert scene.outward() <= CLOSED
        assert set(scene.attempts()) <= CLOSED
    finally:
        scene.agent.signal(signal.SIGCONT)
    for name in ("web", "pod"):
        wait_until(partial(scene.fleet.is_other, name, before[name]), f"another Envoy of {name}")

    wait_until(scene.carries, "the next Envoys carry")
    assert scene.in_place()
    assert all(scene.programs[name].passed_through() for name in ("web", "pod"))
    assert set(scene.attempts()) <= CLOSED


def test_a_new_agent_adopts_captured_envoys_and_replaces_them_and_no_request_is_lost(
    scene: Scene,
) -> None:
    for name in scene.programs:
        wait_until(partial(scene.fleet.settled, name), f"one Envoy of {name}")
    rules, before = scene.tables(), scene.envoys()
    with scene.strangers() as heard, scene.calls() as results:
        scene.agent.signal(signal.SIGKILL)
        scene.agent.wait()
        scene.agent = scene.field.agent(scene.field.net["one"])
        for name in scene.programs:
            scene.field.ready(name)
        scene.field.settled()
        assert scene.envoys() == before
        scene.restart()

        assert scene.in_place()
        assert scene.carries()
    assert_carried(results)
    assert heard
    assert heard <= CLOSED
    assert scene.tables() == rules


def test_an_adopted_envoy_moves_when_its_namespace_was_made_anew(scene: Scene) -> None:
    """A container's name lives on, its network does not; here the name is a link that leads elsewhere."""
    field, old, new = scene.field, scene.field.net["old"], scene.field.net["new"]
    outside = field.net["out"].ipv4
    inner = field.stranger(new, "inner")
    name = field.folder / "namespace"
    name.symlink_to(NAMESPACES / old.namespace)
    joined = ("--agent", str(field.folder / "agent.sock"), "--capture", "netns")
    field.join(field.net["one"], "moved", *joined, "--netns", str(name))
    field.ready("moved")
    assert scene.fleet.pid("moved") in old.pids()
    scene.agent.signal(signal.SIGKILL)
    scene.agent.wait()
    name.unlink()
    name.symlink_to(NAMESPACES / new.namespace)

    scene.agent = field.agent(field.net["one"])
    wait_until(lambda: scene.fleet.pid("moved") in new.pids(), "its Envoy is in the new one")
    wait_until(lambda: inner.tell(outside, "7000") == "out ready", "it carries there")
    assert len(tables(new)) == 1
