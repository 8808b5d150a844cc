"""A whole network namespace that somebody else made, as a container runtime would: captured with all that is in it."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.capture.field import TELL, Field, Puppet, field_of, tables
from tests.mesh.meshes import Process, wait_until

pytestmark = pytest.mark.timeout(180)  # real meshes on a busy machine

HELLO = "say=GET / HTTP/1.0\r\n\r\n"
CLOSED = {"closed", "ECONNRESET", "ECONNREFUSED"}
DECLARES = ("-p", "http=8000/http", "-p", "sql=5432/tcp")


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with field_of(tmp_path_factory.mktemp("f"), "pod", "peer", "plain", "lone") as made:
        made.service("pod", "http:80:8000", "tcp:5432:5432")
        made.service("peer", "http:80:8000")
        made.service("pods", "tcp:5432:5432", headless=True)
        yield made


@pytest.fixture(scope="module")
def before(field: Field) -> Puppet:
    """A program that ran in the namespace before anybody captured it, as other than root."""
    serves = ("http:8000", "banner:5432", "http:9999", "udp:7777", "http:8001@::")
    return field.stranger(field.net["pod"], "inner", *serves)


@pytest.fixture(scope="module")
def agent(field: Field, before: Puppet) -> Process:
    """On another host's network: the agent itself is not in the pod."""
    pod = field.net["pod"]
    flags = ("--capture", "netns", "--netns", pod.namespace, *DECLARES)
    process = field.join(field.net["control"], "pod", *flags, "--probe-port", "15021=8000/healthz")
    field.ready("pod")
    return process


@pytest.fixture(scope="module")
def peer(field: Field, agent: Process) -> Puppet:
    """A program started inside another captured namespace."""
    host = field.net["peer"]
    made = field.puppet(
        field.net["control"],
        "peer",
        *("--capture", "netns", "--netns", f"/run/netns/{host.namespace}"),
        *("-p", "http=8000/http", "--health", "http:/"),
        serves=("http:8000",),
    )
    field.settled()
    return made


def test_what_ran_there_already_calls_services_by_their_virtual_addresses(
    field: Field, before: Puppet, peer: Puppet
) -> None:
    v4, v6 = field.addresses("peer")

    assert "peer 8000" in before.curl(f"http://{v4}/")
    assert "peer 8000" in before.curl(f"http://[{v6}]/")


def test_what_is_started_there_is_captured_from_its_first_connection(
    field: Field, peer: Puppet
) -> None:
    v4, v6 = field.addresses("pod")

    assert "inner 8000" in peer.curl(f"http://{v4}/")
    assert peer.tell(v4, "5432") == "inner ready"
    assert peer.tell(v6, "5432") == "inner ready"
    assert field.workloads("pod")[0]["spec"]["address"] == field.net["pod"].ipv4


def test_a_service_without_address_is_reached_at_its_programs_own(
    field: Field, before: Puppet, peer: Puppet
) -> None:
    manifest = """
apiVersion: v1
kind: Service
metadata: {name: pods, namespace: test}
spec:
  clusterIP: None
  selector: {app: pod}
  ports: [{name: tcp, port: 5432, targetPort: 5432}]
"""
    field.apply(manifest)

    assert peer.tell(field.net["pod"].ipv4, "5432") == "inner ready"


@pytest.mark.parametrize("port", ["8000", "5432", "9999", "8001"])
def test_from_elsewhere_only_the_mesh_gets_in(field: Field, peer: Puppet, port: str) -> None:
    pod, plain = field.net["pod"], field.net["plain"]
    for address in (pod.ipv4, pod.ipv6):
        assert plain.run(*TELL, HELLO, address, port).stdout.strip() in CLOSED


def test_a_program_may_talk_to_itself(before: Puppet) -> None:
    assert "inner 9999" in before.curl("http://127.0.0.1:9999/")
    assert "inner 8001" in before.curl("http://[::1]:8001/")


def test_udp_passes_in_and_out(field: Field, before: Puppet, agent: Process) -> None:
    pod = field.net["pod"].ipv4

    said = field.net["plain"].run(*TELL, "udp=1", "from=4444", "say=hi", pod, "7777")
    assert said.stdout.strip() == "hi from 4444"


def test_a_probe_gets_in_by_its_port(field: Field, agent: Process) -> None:
    url = f"http://{field.net['pod'].ipv4}:15021/healthz"

    assert "inner 8000 /healthz" in field.net["plain"].run("curl", "-sS", url).stdout


def test_the_proxys_doors_open_to_redirected_connections_only(
    field: Field, before: Puppet, agent: Process
) -> None:
    for port in ("15001", "15006"):
        assert before.tell(HELLO, "127.0.0.1", port) == "ECONNREFUSED"
        said = field.net["plain"].run(*TELL, HELLO, field.net["pod"].ipv4, port)
        assert said.stdout.strip() in CLOSED


def test_while_its_envoy_is_dead_nothing_gets_in_or_out(
    field: Field, before: Puppet, peer: Puppet
) -> None:
    plain = field.net["plain"]
    field.stranger(plain, "plain", "banner:7000")
    assert before.tell(plain.ipv4, "7000") == "plain ready"
    envoy = envoy_in(field.net["pod"].pids())

    os.kill(envoy, signal.SIGSTOP)
    try:
        assert before.tell("say=x", plain.ipv4, "7000") == "silence"
        assert plain.run(*TELL, HELLO, field.net["pod"].ipv4, "8000").stdout.strip() != "ready"
    finally:
        with contextlib.suppress(ProcessLookupError):  # its agent may be tired of it already
            os.kill(envoy, signal.SIGKILL)
    wait_until(lambda: before.tell(plain.ipv4, "7000") == "plain ready", "the next Envoy serves")


def envoy_in(pids: list[int]) -> int:
    return next(pid for pid in pids if "envoy" in Path(f"/proc/{pid}/comm").read_text())


def test_programs_outlive_a_killed_agent_and_are_closed_in_until_somebody_cleans(
    field: Field, peer: Puppet
) -> None:
    host, plain = field.net["lone"], field.net["plain"]
    lone = field.stranger(host, "lone", "http:8000")
    outside = field.stranger(plain, "outside", "banner:7003")
    where = ("--capture", "netns", "--netns", host.namespace, "-p", "http=8000/http")
    killed = field.join(field.net["control"], "lone", *where)
    field.ready("lone")
    name = f"test/{field.workloads('lone')[0]['metadata']['name']}"
    assert lone.tell(plain.ipv4, "7003") == "outside ready"

    killed.popen.kill()
    killed.wait()
    wait_until(lambda: field.captures(host)[name]["state"] == "left behind", "it is alone")

    assert lone.tell(plain.ipv4, "7003") == "ECONNREFUSED"
    assert plain.run(*TELL, HELLO, host.ipv4, "8000").stdout.strip() == "ECONNREFUSED"
    assert "lone 8000" in lone.curl("http://127.0.0.1:8000/")
    assert "left behind" in field.capture(plain, "clean", "--workload", name).stdout
    assert lone.tell(plain.ipv4, "7003") == "outside ready"
    assert tables(host) == []
    assert outside.process.popen.poll() is None


def test_an_orderly_end_lets_the_namespace_be_as_it_was(
    field: Field, before: Puppet, agent: Process, peer: Puppet
) -> None:
    pod = field.net["pod"]
    agent.signal(signal.SIGTERM)
    agent.wait()

    assert tables(pod) == []
    assert pod.run("nft", "list", "ruleset").stdout == ""
    assert "inner 8000" in field.net["plain"].run("curl", "-sS", f"http://{pod.ipv4}:8000/").stdout
    assert before.curl("http://127.0.0.1:8000/")
