"""kubectl at every door a server can have, and across its restarts."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from tests.mesh.kubectl import Kubectl
from tests.mesh.meshes import Mesh, free_port

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    mesh = Mesh(tmp_path_factory.mktemp("doors"))
    yield mesh
    mesh.end()


def test_at_loopback_without_tls_for_programs_of_this_machine(mesh: Mesh) -> None:
    """Not for kubectl: it sends no token where there is no TLS."""
    port = free_port()
    mesh.server_flags = ("--api-address", "none", "--api-loopback-address", f"127.0.0.1:{port}")
    mesh.start_server()
    token = (mesh.folder / "data" / "pki" / "api-token").read_text().strip()

    def asked(**headers: str) -> int:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/services", headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code

    bearer = {"Authorization": f"Bearer {token}"}
    assert asked(**bearer) == 200
    assert asked() == asked(Authorization="Bearer wrong") == 401
    assert (
        asked(**bearer, Host="evil.example") == asked(**bearer, Origin="http://evil.example") == 403
    )
    assert "no TLS door" in mesh.cli("kubeconfig", check=False).stderr


def test_a_kubeconfig_is_good_for_as_long_as_the_data_is_there(mesh: Mesh) -> None:
    mesh.server_flags = ("--api-address", f"127.0.0.1:{free_port()}")
    mesh.start_server()
    kubectl = Kubectl(mesh)
    kubectl("create", "configmap", "kept", "--from-literal=a=b")
    mesh.kill_server()
    mesh.start_server()

    assert kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.a}") == "b"


def test_at_every_address_of_the_machine(mesh: Mesh) -> None:
    mesh.server_flags = ("--api-address", "0.0.0.0:0")
    mesh.start_server()
    kubectl = Kubectl(mesh)

    assert "server: https://127.0.0.1:" in kubectl("config", "view")
    assert kubectl("get", "meshes", "-o", "name") == "mesh.tulle.dev/default\n"
    port = kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}").split(":")[-1]
    # kubectl forgets the file's tls-server-name where another server is named.
    elsewhere = (
        "--server",
        f"https://localhost:{port}",
        "--tls-server-name",
        "control-plane.tulle",
    )
    assert kubectl("get", "ns", "-o", "name", *elsewhere)


def test_by_a_name_it_is_told_apart_from_who_pretends(mesh: Mesh) -> None:
    mesh.start_server()
    kubectl = Kubectl(mesh)

    assert kubectl("get", "ns", "--tls-server-name", "127.0.0.1", "-o", "name")
    said = kubectl.refused("get", "ns", "--tls-server-name", "localhost")
    assert "certificate is valid for" in said


def test_the_token_is_in_no_log_however_much_is_logged(mesh: Mesh) -> None:
    mesh.server_flags = ("--api-address", "127.0.0.1:0", "--log-level", "debug")
    mesh.start_server()
    kubectl = Kubectl(mesh)
    kubectl("get", "meshes")
    kubectl.refused("get", "meshes", "--token", "a-token-that-is-wrong")
    mesh.server.end()

    token = (mesh.folder / "data" / "pki" / "api-token").read_text().strip()
    assert token not in mesh.server.text()
    assert "a-token-that-is-wrong" not in mesh.server.text()
