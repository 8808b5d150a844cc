"""Names explained from manifests, and a file put back. (From a server: see tests/mesh/test_dns.py.)"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tulle.agent.resolver import takeover
from tulle.cli.dns.command import command
from tulle.dns.resolv_conf import ResolvConf, render

DEMO = str(Path(__file__).parents[4] / "src" / "tulle" / "demo" / "manifests")


def query(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["query", "-f", DEMO, *arguments])


def test_it_shows_the_records_and_the_resource_they_come_from() -> None:
    result = query("reviews", "--from", "demo/shop")

    assert result.exit_code == 0
    assert "reviews. 5 IN A 240.0." in result.stdout
    assert "(Service demo/reviews)" in result.stdout


def test_who_is_of_no_namespace_knows_no_short_names() -> None:
    assert "asked of others" in query("reviews").stdout
    assert "NOERROR" in query("reviews", "-n", "demo").stdout


def test_programs_get_the_facts() -> None:
    facts = json.loads(query("x.demo.mesh", "AAAA", "-o", "json").stdout)

    assert (facts["rcode"], facts["records"]) == ("NXDOMAIN", [])


def test_what_is_no_question_is_an_error_with_the_way_out() -> None:
    result = query("a..b")

    assert result.exit_code == 1
    assert "[dns-question-malformed]" in result.stderr


@pytest.mark.parametrize("left", [True, False])
def test_restore_puts_back_what_is_ours_and_leaves_the_rest(tmp_path: Path, left: bool) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(render("127.53.0.1", "shop", ResolvConf()) if left else "theirs")
    if left:
        takeover.saved(file).write_text("theirs")

    result = CliRunner().invoke(command, ["restore", "--file", str(file)])

    assert result.exit_code == 0
    assert ("as it was before" in result.stdout) is left
    assert file.read_text() == "theirs"


def test_restore_leaves_a_file_in_use_alone(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("theirs")
    with takeover.taken(file, render("127.53.0.1", "shop", ResolvConf())):
        result = CliRunner().invoke(command, ["restore", "--file", str(file)])

    assert result.exit_code == 1
    assert "[resolv-conf-in-use]" in result.stderr
