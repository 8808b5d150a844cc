"""Why a request goes where it goes, from manifests alone. (From a server: see resources/test_server.py.)"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tulle.cli.inspection.explain import command

DEMO = str(Path(__file__).parents[4] / "src" / "tulle" / "demo" / "manifests")


def explain(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["request", "-f", DEMO, *arguments])


def test_it_names_the_route_the_shares_and_who_lets_the_caller_in() -> None:
    result = explain("--from", "demo/shop", "GET", "http://reviews.demo/")

    assert result.exit_code == 0
    assert "HTTPRoute demo/reviews" in result.output
    assert "75 % to demo/reviews-v1:80" in result.output
    assert "25 % to demo/reviews-v2:80" in result.output


def test_a_denial_names_the_policy() -> None:
    result = explain("--from", "visitors", "GET", "http://redis.demo:6379/")

    assert "DENIED" in result.output
    assert "AccessPolicy demo/redis" in result.output


def test_programs_get_the_facts() -> None:
    result = explain("--from", "shop", "GET", "http://reviews/", "-H", "a: b", "-o", "json")

    facts = json.loads(result.stdout)
    assert facts["outcome"] == "sent"
    assert [share["to"]["service"] for share in facts["shares"]] == [
        "demo/reviews-v1",
        "demo/reviews-v2",
    ]


def test_a_host_nobody_has_is_an_error_with_the_way_out() -> None:
    result = explain("--from", "shop", "GET", "http://reviwes/")

    assert result.exit_code == 1
    assert "[host-unknown]" in result.stderr
    assert "reviews" in result.stderr


@pytest.mark.parametrize("url", ["http://", "http://[::", "http://reviews/" + 9000 * "a"])
def test_what_is_no_url_is_an_error_with_the_way_out(url: str) -> None:
    result = explain("--from", "shop", "GET", url)

    assert "[url-invalid]" in result.stderr
    assert "write it like http://" in result.stderr


@pytest.mark.parametrize("header", ["x-tester", ": yes"])
def test_what_is_no_header_is_a_usage_error(header: str) -> None:
    assert explain("--from", "shop", "GET", "http://reviews/", "-H", header).exit_code == 2
