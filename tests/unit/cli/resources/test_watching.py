"""`tulle get --watch` against a real API."""

import json

import pytest
from tests.unit.cli.servers import Server
from tests.unit.reconcile.meshes import service

from tulle.cli.resources.get import chosen
from tulle.cli.resources.watching import _Printer, events
from tulle.codec import encode
from tulle.model.kinds.core import Secret
from tulle.model.kinds.service import Service
from tulle.model.resources import Metadata

PATH = "/api/v1/namespaces/shop/services"


def test_what_there_is_comes_first_and_then_what_changes(server: Server) -> None:
    server.apply(service("a"))
    found = events(server.client, PATH, {})

    type_, resource = next(found)
    assert (type_, resource["metadata"]["name"]) == ("ADDED", "a")
    server.apply(service("b"))
    while resource["metadata"]["name"] != "b":  # its status may change meanwhile
        type_, resource = next(found)
    assert type_ == "ADDED"
    found.close()


def test_only_what_was_chosen_is_told(server: Server) -> None:
    server.apply(service("a"), service("b"))
    found = events(server.client, PATH, chosen("", "b"))

    assert next(found)[1]["metadata"]["name"] == "b"
    found.close()


def test_the_watch_ends_with_the_server(server: Server) -> None:
    server.api.sources.history.close()

    assert server.tulle("get", "services", "-n", "else", "-w").exit_code == 0


def test_columns_keep_their_places(capsys: pytest.CaptureFixture[str]) -> None:
    printer = _Printer(Service, "table", several=False)
    for name in ("a", "a-longer-name", "b"):
        printer.show("ADDED", encode.to_object(service(name)))

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["EVENT", "NAME", "TYPE"]
    assert [line.split()[1] for line in lines[1:]] == ["a", "a-longer-name", "b"]
    assert lines[2].index("ClusterIP") == lines[3].index("ClusterIP")


def test_secrets_stay_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    secret = Secret(metadata=Metadata(name="s", namespace="shop"), data={"k": "c2VjcmV0"})
    _Printer(Secret, "json", several=False).show("ADDED", encode.to_object(secret))
    _Printer(Secret, "name", several=False).show("ADDED", encode.to_object(secret))

    out = capsys.readouterr().out
    assert "c2VjcmV0" not in out
    assert json.loads(out[: out.rindex("}") + 1])["object"]["data"] == {"k": encode.REDACTED}
    assert out.endswith("ADDED secret/s\n")
