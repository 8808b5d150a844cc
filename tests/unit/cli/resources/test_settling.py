"""Waiting for every affected proxy."""

import pytest
from tests.unit.cli.servers import Server
from tests.unit.reconcile.meshes import service, workload

from tulle.cli.errors import CliError
from tulle.cli.resources.settling import wait_settled


def test_a_revision_nobody_is_affected_by_is_there_at_once(server: Server) -> None:
    wait_settled(server.client, server.apply(service("a")), timeout_s=10.0)


def test_progress_names_those_that_are_waited_for_once(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.store(workload("a"))
    server.connect("a", confirms=False)
    revision = server.apply(service("a"))

    with pytest.raises(CliError) as caught:
        wait_settled(server.client, revision, timeout_s=0.3)

    assert caught.value.code == "not-settled"
    assert capsys.readouterr().err == "waiting for shop/a\n"


def test_a_revision_to_come_is_the_servers_to_reach(server: Server) -> None:
    with pytest.raises(CliError, match="the server is still at work on it"):
        wait_settled(server.client, 10_000, timeout_s=0.1)
