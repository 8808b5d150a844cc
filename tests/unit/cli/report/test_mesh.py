import base64
import json

from tests.unit.cli.servers import Server

from tulle.cli.report import mesh
from tulle.model.kinds.core import Secret
from tulle.model.resources import Metadata

SECRET = Secret(
    metadata=Metadata(name="db", namespace="shop"),
    data={"password": base64.b64encode(b"hunter2").decode()},
)


def test_what_secrets_hold_is_known_in_order_to_be_taken_out(server: Server) -> None:
    server.on_loop(server.api.apply(SECRET))

    assert set(mesh.secrets(server.client)) == {b"hunter2", base64.b64encode(b"hunter2")}


def test_resources_of_every_kind_are_taken_without_what_secrets_hold(server: Server) -> None:
    server.on_loop(server.api.apply(SECRET))

    found = {file.name: file.content for file in mesh.resources(server.client)}

    assert json.loads(found["resources/secrets.json"])["items"][0]["metadata"]["name"] == "db"
    assert "hunter2" not in str(found)
    assert base64.b64encode(b"hunter2").decode() not in str(found)
    assert "resources/meshes.json" in found


def test_an_end_that_fails_says_why_in_its_place(server: Server) -> None:
    found = {file.name: file.content for file in mesh.ends(server.client)}

    assert json.loads(found["server/version.json"])["version"]
    # The store of this test is in memory: there is no file to look over.
    assert "server/store-check.json" in found


def test_without_proxies_there_are_no_configurations(server: Server) -> None:
    assert list(mesh.configurations(server.client)) == []
