from pathlib import PurePosixPath

import pytest

from tulle.cli.install.plan import CONFIG, UNITS, Wishes, check, plan
from tulle.cli.install.units import AGENT, SERVER

PYTHON = "/opt/tulle/bin/python"


def test_an_agent_alone_is_one_service_with_its_settings() -> None:
    made = plan(Wishes(PYTHON, join="10.0.0.5:15010"))

    assert [file.path for file in made.files] == [UNITS / AGENT, CONFIG / "agent.env"]
    assert "TULLE_JOIN_ADDRESS=10.0.0.5:15010\n" in made.files[-1].content
    assert made.services == (AGENT,)
    assert made.links[0].target == str(UNITS / AGENT)


def test_a_server_is_started_before_the_agent_that_joins_it() -> None:
    made = plan(Wishes(PYTHON, server=True, listen="::1"))
    contents = {file.path.name: file.content for file in made.files}

    assert made.services == (SERVER, AGENT)
    assert (
        "TULLE_JOIN_ADDRESS=[::1]:15010\nTULLE_XDS_ADDRESS=[::1]:15012\n" in contents["server.env"]
    )


def test_settings_are_private_and_whoever_runs_the_machine_may_change_them() -> None:
    for file in plan(Wishes(PYTHON, server=True)).files:
        assert (file.mode == 0o600) == file.yours == (file.path.suffix == ".env")


@pytest.mark.parametrize(
    ("wishes", "codes"),
    [
        (Wishes(PYTHON, server=True), []),
        (Wishes("/root/venv/bin/python"), []),
        (Wishes("/root/venv/bin/python", server=True), ["python-in-home"]),
        (Wishes("/home/me/venv/bin/python", server=True), ["python-in-home"]),
        (Wishes("/opt/my tulle/bin/python"), ["python-path-odd"]),
        (Wishes("/opt/100%/bin/python"), ["python-path-odd"]),
    ],
    ids=str,
)
def test_what_would_keep_a_service_from_running_is_told(wishes: Wishes, codes: list[str]) -> None:
    found = list(check(wishes))

    assert [problem.code for problem in found] == codes
    assert all(problem.hint for problem in found)


def test_every_folder_of_a_file_is_planned() -> None:
    made = plan(Wishes(PYTHON, server=True))

    for path in [*(file.path for file in made.files), *(link.path for link in made.links)]:
        assert path.parent in made.folders
        assert path.parent != PurePosixPath("/")
