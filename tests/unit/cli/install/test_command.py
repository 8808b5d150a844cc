from pathlib import Path

from click.testing import CliRunner, Result

from tulle.cli.main import cli


def tulle(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), env={"COLUMNS": "200"})


def test_a_machine_below_a_root_is_installed_and_uninstalled(tmp_path: Path) -> None:
    done = tulle("install", "host", "--join", "10.0.0.5", "--root", str(tmp_path))
    unit = tmp_path / "etc/systemd/system/tulle-agent.service"
    assert done.exit_code == 0, done.output
    assert "wrote /etc/systemd/system/tulle-agent.service" in done.stdout
    assert unit.exists()

    gone = tulle("uninstall", "host", "--root", str(tmp_path))

    assert gone.exit_code == 0, gone.output
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_prints_all_of_it_and_writes_nothing(tmp_path: Path) -> None:
    done = tulle("install", "host", "--join", "10.0.0.5", "--dry-run", "--root", str(tmp_path))

    assert done.exit_code == 0
    assert "# file /etc/systemd/system/tulle-agent.service (mode 644)" in done.stdout
    assert "TULLE_JOIN_ADDRESS=10.0.0.5" in done.stdout
    assert "KillMode=process" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_is_installed_nothing_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()

    done = tulle("uninstall", "host", "--purge", "--root", str(tmp_path))

    assert done.exit_code == 1
    assert "[not-installed]" in done.stderr


def test_where_a_server_listens_is_asked_for_with_the_server_alone(tmp_path: Path) -> None:
    done = tulle("install", "host", "--listen", "10.0.0.5", "--root", str(tmp_path))

    assert done.exit_code == 2
    assert "--server" in done.stderr
