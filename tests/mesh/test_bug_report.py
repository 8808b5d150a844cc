"""A report of a real mesh with secrets planted wherever there is room for one, and none of them in it."""

import base64
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.meshes import PROGRAMS, Mesh, free_port

pytestmark = pytest.mark.timeout(120)

PASSWORD = "hunter2-of-the-database"
KEY_LINE = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgplanted"
PRIVATE_KEY = f"-----BEGIN PRIVATE KEY-----\n{KEY_LINE}\n-----END PRIVATE KEY-----"
ENVIRONMENT = "planted-in-the-environment"
IN_A_LOG = "planted-in-a-log-line"

SECRET = f"""
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: test
  annotations: {{note: "last applied: {PASSWORD}"}}
data: {{password: {base64.b64encode(PASSWORD.encode()).decode()}}}
---
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: test, annotations: {{connects: "postgres://app:{PASSWORD}@db/x"}}}}
spec: {{selector: {{app: web}}, ports: [{{name: http, port: 80, targetPort: http}}]}}
"""


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    mesh = Mesh(tmp_path)
    try:
        mesh.start_server()
        mesh.apply(SECRET)
        port = free_port()
        mesh.run(
            "web", "--port", f"http={port}/http", "--health", "http:/", labels=("app=web",),
            command=(*PROGRAMS, "http", str(port), "web"),
        )  # fmt: skip
        mesh.ready("web")
        yield mesh
    finally:
        mesh.end()


def test_no_secret_is_in_a_report_and_what_helps_is(
    mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = mesh.token("other").read_text().strip()
    api_token = (mesh.folder / "data" / "pki" / "api-token").read_text().strip()
    root = (mesh.folder / "data" / "pki" / "root.pem").read_text()
    planted = [PASSWORD, base64.b64encode(PASSWORD.encode()).decode(), token, api_token]
    planted += [KEY_LINE, ENVIRONMENT, IN_A_LOG, root.splitlines()[1]]
    with (mesh.folder / "state-web" / "envoy.log").open("a") as log:
        log.write(f"upstream said {PASSWORD}\ntoken {token}\n{PRIVATE_KEY}\n")
        log.write(f"key {root.splitlines()[1]}\nuses {api_token}\npassword={IN_A_LOG}\n")
    monkeypatch.setenv("TULLE_DATABASE_PASSWORD", ENVIRONMENT)
    monkeypatch.setenv("SOMEBODYS_API_TOKEN", ENVIRONMENT)

    report = mesh.folder / "report.tar.gz"
    done = mesh.cli("bug-report", "-o", str(report), "--state-dir", str(mesh.folder))

    assert "look through it" in done.stdout
    assert "resources …" in done.stderr
    assert report.stat().st_mode & 0o777 == 0o600
    with tarfile.open(report) as archive:
        files = {m.name.partition("/")[2]: archive.extractfile(m) for m in archive.getmembers()}
        texts = {name: file.read().decode() for name, file in files.items() if file}
    for name, text in texts.items():
        for secret in planted:
            assert secret not in text, f"{secret} is in {name}"
        assert "BEGIN PRIVATE KEY" not in text, name
        assert "BEGIN EC PRIVATE KEY" not in text, name

    assert json.loads(texts["resources/secrets.json"])["items"][0]["keys"] == ["password"]
    assert json.loads(texts["resources/services.json"])["items"]
    assert json.loads(texts["server/proxies.json"])["proxies"][0]["connected"]
    assert "ok    store" in texts["check.txt"]
    (config,) = (text for name, text in texts.items() if name.endswith("/config.json"))
    assert json.loads(config)["configs"]
    assert any(name.endswith("envoy.log") and "upstream said" in t for name, t in texts.items())
    assert any(name.endswith("sent.json") for name in texts)
    assert "machine/nft-tables.txt" in texts
    assert texts["omitted.txt"] == ""


def test_a_report_of_a_mesh_whose_server_hangs_is_still_made(mesh: Mesh, tmp_path: Path) -> None:
    """It is when things are broken that one is wanted."""
    mesh.kill_server()
    report = tmp_path / "report.tar.gz"

    done = mesh.cli("bug-report", "-o", str(report), "--state-dir", str(mesh.folder))

    assert report.exists(), done.stderr
    listing = subprocess.run(
        ["tar", "-xzOf", report, "report/omitted.txt"], capture_output=True, text=True, check=True
    )
    assert "Secrets are not known" in listing.stdout
