import os
from pathlib import Path

import pytest

from tulle.cli.install import machine, manifest
from tulle.cli.install.plan import CONFIG, STATE, UNITS, Plan, Wishes, plan

PLAN = plan(Wishes("/opt/tulle/bin/python", server=True))
ENV = CONFIG / "agent.env"


def tree(root: Path) -> dict[str, tuple[int, bytes | str]]:
    """Everything below a root: modes and contents."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in root.rglob("*"):
        content = (
            str(path.readlink())
            if path.is_symlink()
            else path.read_bytes()
            if path.is_file()
            else b""
        )
        found[str(path.relative_to(root))] = (path.lstat().st_mode, content)
    return found


def install(root: Path, what: Plan = PLAN) -> list[str]:
    return list(machine.write(what, root))


def uninstall(root: Path, *, purge: bool = False) -> list[str]:
    found = manifest.read(root)
    assert found is not None
    return list(machine.remove(found, root, purge=purge))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with something on it."""
    (tmp_path / "etc" / "systemd" / "system").mkdir(parents=True)
    (tmp_path / "etc" / "systemd" / "system" / "other.service").write_text("[Unit]\n")
    (tmp_path / "var" / "lib").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("purge", [False, True])
def test_uninstalling_leaves_the_machine_as_it_was(root: Path, purge: bool) -> None:
    before = tree(root)
    install(root)
    assert tree(root) != before

    uninstall(root, purge=purge)

    assert tree(root) == before


def test_an_empty_root_is_empty_again(tmp_path: Path) -> None:
    install(tmp_path)
    uninstall(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_second_install_changes_nothing(root: Path) -> None:
    install(root)
    before = tree(root)

    told = install(root)

    assert tree(root) == before
    assert {line.split()[0] for line in told} == {"unchanged"}


def test_modes_are_as_planned_whatever_the_umask(root: Path) -> None:
    before = os.umask(0o077)
    try:
        install(root)
    finally:
        os.umask(before)

    for file in PLAN.files:
        assert machine.below(root, file.path).stat().st_mode & 0o777 == file.mode


def test_settings_somebody_changed_stay_when_it_is_installed_again(root: Path) -> None:
    install(root)
    machine.below(root, ENV).write_text("TULLE_JOIN_ADDRESS=mine\n")

    told = install(root, plan(Wishes("/opt/new/bin/python", server=True, join="other")))

    assert machine.below(root, ENV).read_text() == "TULLE_JOIN_ADDRESS=mine\n"
    assert f"kept (you changed it) {ENV}" in told
    assert "/opt/new/bin/python" in machine.below(root, UNITS / "tulle-agent.service").read_text()


def test_settings_nobody_changed_follow_a_new_wish(root: Path) -> None:
    install(root)

    install(root, plan(Wishes("/opt/tulle/bin/python", server=True, join="10.0.0.5")))

    assert "10.0.0.5" in machine.below(root, ENV).read_text()


def test_what_was_changed_is_kept_at_the_end_unless_all_is_to_go(root: Path) -> None:
    before = tree(root)
    install(root)
    machine.below(root, ENV).write_text("mine\n")

    told = uninstall(root)

    assert any(line.startswith(f"kept {ENV}") for line in told)
    assert machine.below(root, ENV).read_text() == "mine\n"
    machine.below(root, ENV).unlink()
    machine.below(root, CONFIG).rmdir()
    assert tree(root) == before


def test_state_stays_for_another_install_unless_all_is_to_go(root: Path) -> None:
    before = tree(root)
    install(root)
    for place in STATE:
        folder = machine.below(root, place) / "pki"
        folder.mkdir(parents=True)
        (folder / "root.pem").write_text("key")
    declared = machine.below(root, CONFIG / "workloads.d" / "nginx.yaml")
    declared.write_text("mine\n")

    uninstall(root)
    assert all(machine.below(root, place).exists() for place in STATE)
    assert declared.exists()

    install(root)
    uninstall(root, purge=True)
    left = {path for path in tree(root) if path not in before}
    assert left <= {"var/lib/private", "run", "etc/tulle"}, "folders the test made itself"
    assert not any((root / path).is_file() for path in left)


def test_an_install_that_was_cut_off_can_be_undone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(root)
    steps = machine.write(PLAN, root)
    next(steps)
    steps.close()

    uninstall(root)

    assert tree(root) == before


def test_a_link_somebody_else_made_there_stays(root: Path) -> None:
    install(root)
    link = machine.below(root, PLAN.links[0].path)
    link.unlink()
    link.symlink_to("/somewhere/else")

    uninstall(root)

    assert str(link.readlink()) == "/somewhere/else"
