"""`tulle token create` against a real API."""

from pathlib import Path

from tests.unit.cli.servers import Server

from tulle.pki.tokens import Token, read_token


def test_a_token_is_one_line_an_agent_reads(server: Server) -> None:
    result = server.tulle("token", "create", "--service-account", "web", "--label", "app=web")

    assert result.exit_code == 0
    assert result.stdout.count("\n") == 1
    assert isinstance(read_token(result.stdout), Token)


def test_it_is_kept_with_everything_that_was_asked_for(server: Server) -> None:
    line = server.tulle(
        *("token", "create", "--service-account", "web", "-n", "shop", "--name", "web-0"),
        *("--label", "app=web", "--label", "version=v1", "--ttl", "10m"),
    ).stdout
    token = read_token(line)
    assert isinstance(token, Token)
    store, now = server.api.sources.store, server.api.sources.clock()

    record = server.on_loop(store.take_token(token.id, token.secret_hash, now))

    assert record is not None
    assert (record.namespace, record.service_account, record.name) == ("shop", "web", "web-0")
    assert record.labels == {"app": "web", "version": "v1"}
    assert record.expires_at == now + 600


def test_in_a_file_it_is_its_owners_alone(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "web.token"

    result = server.tulle("token", "create", "--service-account", "web", "--out", str(path))

    assert result.stdout == ""
    assert path.stat().st_mode & 0o777 == 0o600
    assert isinstance(read_token(path.read_text()), Token)


def test_a_file_that_is_there_is_never_overwritten(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "web.token"
    path.write_text("mine")

    result = server.tulle("token", "create", "--service-account", "web", "--out", str(path))

    assert result.exit_code == 1
    assert path.read_text() == "mine"


def test_a_file_that_cannot_be_made_is_named_with_the_way_out(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "nowhere" / "web.token"

    result = server.tulle("token", "create", "--service-account", "web", "--out", str(path))

    assert f"{path}: No such file or directory [file-unwritable]" in result.stderr
    assert "a folder you may write" in result.stderr


def test_a_name_no_workload_can_have_is_refused(server: Server) -> None:
    result = server.tulle("token", "create", "--service-account", "web", "--name", "Not A Name")

    assert result.exit_code == 1
    assert "error: --name: 'Not A Name' must be lower-case" in result.stderr


def test_all_that_is_wrong_is_told_at_once_of_its_flags(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "web.token"

    result = server.tulle(
        *("token", "create", "--service-account", "A", "-n", "No", "--label", "a b=c"),
        *("--ttl", "999h", "--out", str(path)),
    )

    assert result.exit_code == 1
    shown = result.stderr
    for flag in ("--service-account:", "--namespace:", "--label a b:", "--ttl:"):
        assert f"error: {flag}" in shown
    assert shown.splitlines()[-1] == "Error: 4 errors; no token was made"
    assert not path.exists()


def test_a_label_services_cannot_select_by_is_refused(server: Server) -> None:
    result = server.tulle("token", "create", "--service-account", "a", "--label", "app=c d")

    assert result.exit_code == 1
    assert "error: --label app: must be letters, digits" in result.stderr


def test_a_label_has_one_value(server: Server) -> None:
    result = server.tulle(
        "token", "create", "--service-account", "a", "--label", "v=1", "--label", "v=2"
    )

    assert result.exit_code == 2
    assert "--label v is given twice" in result.stderr
