"""A program that knows HTTP_PROXY and nothing of the mesh reaches its upstream by name."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.meshes import PROGRAMS, Mesh, free_port, wait_until

pytestmark = pytest.mark.timeout(180)

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: test}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
"""

ASK = """
import os, sys, urllib.error, urllib.request
for url in sys.argv[1:]:
    try:
        print("got", urllib.request.urlopen(url, timeout=10).read())
    except urllib.error.HTTPError as error:
        print("refused", error.code, error.read())
print("tls goes", os.environ.get("HTTPS_PROXY", "its own way"))
"""


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    mesh = Mesh(tmp_path)
    mesh.start_server()
    try:
        yield mesh
    finally:
        mesh.end()


def test_urllib_reaches_an_upstream_by_its_name_and_nobody_else(mesh: Mesh) -> None:
    mesh.apply(SERVICE)
    port = free_port()
    listens = (*PROGRAMS, "http", str(port), "web")
    mesh.run("web", "--port", f"http={port}/http", labels=("app=web",), command=listens)
    mesh.ready("web")
    names = ("http://web/", "http://web.test.svc.cluster.local:80/", "http://elsewhere.example/")

    ask = (sys.executable, "-c", ASK, *names)
    caller = mesh.run("caller", "--upstream", "web:80", "--http-proxy", command=ask)

    assert caller.wait() == 0, caller.text()
    said = caller.text()
    assert said.count("got b'web") == 2, said
    assert "refused 404 b'No upstream of test/caller" in said
    assert "tls goes its own way" in said


def test_the_port_is_recorded_where_it_was_asked_for(mesh: Mesh) -> None:
    port = free_port()
    mesh.run("asked", f"--http-proxy={port}")
    mesh.run("unasked")
    (asked,), (unasked,) = mesh.ready("asked"), mesh.ready("unasked")

    name = asked["metadata"]["name"]
    described = wait_until(
        lambda: mesh.cli("describe", "workload", name, "-n", "test").stdout, "it is described"
    )

    assert asked["status"]["proxy"]["httpProxyPort"] == port
    assert f"httpProxyPort: {port}" in described
    assert "httpProxyPort" not in unasked["status"]["proxy"]
