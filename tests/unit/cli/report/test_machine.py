import json

from tulle.cli.report import machine


def test_versions_of_all_that_runs_are_told() -> None:
    versions, _ = machine.versions({})

    told = json.loads(versions.content)
    assert {"tulle", "python", "platform"} <= told.keys()
    assert "grpcio" in told["packages"]


def test_of_variables_that_are_not_ours_only_the_name_is_told() -> None:
    _, environment = machine.versions(
        {"TULLE_DATA_DIR": "/data", "XDG_STATE_HOME": "/state", "DATABASE_URL": "hunter2"}
    )

    assert environment.content == "DATABASE_URL\nTULLE_DATA_DIR=/data\nXDG_STATE_HOME=/state\n"


def test_facts_are_files_of_text_and_what_is_missing_says_so() -> None:
    found = {fact.name: fact.content for fact in machine.facts()}

    assert {"machine/disks.txt", "machine/nft-tables.txt", "machine/agent.txt"} <= found.keys()
    assert all(
        content for name, content in found.items() if name.endswith(("disks.txt", "version"))
    )
    assert machine.run("no-such-program-here") == "no-such-program-here is not installed\n"


def test_a_command_that_fails_says_why() -> None:
    assert "No such file" in machine.run("ls", "/nowhere-at-all")


def test_only_tables_of_ours_are_listed() -> None:
    listing = "table inet tulle-web\ntable ip filter\ntable ip6 tulle\n"

    assert list(machine._our_tables(listing)) == [("inet", "tulle-web"), ("ip6", "tulle")]
