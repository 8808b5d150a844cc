"""What people are shown."""

import pytest
from tests.unit.dns.meshes import BANK, SHOP

from tulle.dns.explanations import Told, explain
from tulle.dns.zones import Zone
from tulle.model.problems import Problem


def told(name: str, rdtype: str = "A", zone: Zone = SHOP) -> Told:
    found = explain(zone, name, rdtype)
    assert isinstance(found, Told)
    return found


def test_an_answer_names_its_records_and_where_they_come_from() -> None:
    found = told("reviews")
    assert (found.rcode, found.records) == ("NOERROR", ("reviews. 5 IN A 240.0.0.7",))
    assert found.origins == ("Service shop/reviews",)
    assert found.facts()["origins"] == ["Service shop/reviews"]


def test_an_empty_answer_says_whether_the_name_exists() -> None:
    assert "exists, and has no AAAA" in told("four", "aaaa").reason
    assert told("x.shop.mesh").rcode == "NXDOMAIN"


def test_what_others_are_asked_is_said() -> None:
    assert told("reviews", zone=BANK).forwarded == "reviews."
    assert told("outside").records == ("outside. 5 IN CNAME example.com.",)
    assert told("outside").forwarded == "example.com."


@pytest.mark.parametrize(
    ("name", "rdtype", "code"),
    [
        ("a..b", "A", "dns-question-malformed"),
        ("x" * 300, "A", "dns-question-malformed"),
        ("a", "NONSENSE", "dns-question-malformed"),
        ("a", "AXFR", "dns-type-refused"),
    ],
)
def test_what_is_no_question_is_a_problem(name: str, rdtype: str, code: str) -> None:
    found = explain(SHOP, name, rdtype)
    assert isinstance(found, Problem)
    assert found.code == code
