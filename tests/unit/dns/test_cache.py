"""Answers of others live as long as they say, and no longer than we allow."""

import dns.name
import dns.rcode
import dns.rrset
import pytest

from tulle.dns.cache import LONGEST_NEGATIVE_S, LONGEST_S, Cache, lifetime_s
from tulle.dns.forwarding import Answered, Question


def asked(name: str) -> Question:
    return Question(dns.name.from_text(name), dns.rdatatype.A)


def address(ttl: int) -> Answered:
    record = dns.rrset.from_text("a.", ttl, "IN", "A", "192.0.2.1")
    return Answered(dns.rcode.NOERROR, (record,))


def denial(ttl: int, minimum: int, rcode: dns.rcode.Rcode = dns.rcode.NXDOMAIN) -> Answered:
    soa = dns.rrset.from_text("a.", ttl, "IN", "SOA", f"ns. host. 1 2 3 4 {minimum}")
    return Answered(rcode, (), (soa,))


def test_an_answer_is_known_until_its_time_is_over() -> None:
    cache = Cache()
    cache.put(asked("a."), address(60), now=100.0)
    kept = cache.get(asked("a."), now=130.5)
    assert kept is not None
    assert kept.age_s(130.5) == 30
    assert cache.get(asked("a."), now=160.0) is None
    assert len(cache) == 0


@pytest.mark.parametrize(
    ("answered", "lives"),
    [
        (address(60), 60),
        (address(10**6), LONGEST_S),
        (address(0), 0),
        (denial(600, 30), 30),
        (denial(20, 30), 20),
        (denial(10**6, 10**6), LONGEST_NEGATIVE_S),
        (denial(600, 30, dns.rcode.NOERROR), 30),
        (Answered(dns.rcode.NXDOMAIN), 0),
        (Answered(dns.rcode.SERVFAIL), 0),
    ],
)
def test_how_long_an_answer_lives(answered: Answered, lives: int) -> None:
    assert lifetime_s(answered) == lives


def test_the_shortest_life_of_a_chain_counts() -> None:
    alias = dns.rrset.from_text("b.", 5, "IN", "CNAME", "a.")
    assert lifetime_s(Answered(dns.rcode.NOERROR, (alias, *address(60).answer))) == 5


def test_an_alias_to_nothing_is_a_denial() -> None:
    alias = dns.rrset.from_text("b.", 50, "IN", "CNAME", "a.")
    assert lifetime_s(Answered(dns.rcode.NOERROR, (alias,))) == 0
    soa = denial(600, 30).authority
    assert lifetime_s(Answered(dns.rcode.NOERROR, (alias,), soa)) == 30


def test_the_one_not_asked_for_longest_goes_first() -> None:
    cache = Cache(most=2)
    for name in ("a.", "b."):
        cache.put(asked(name), address(60), now=0)
    cache.get(asked("a."), now=1)
    cache.put(asked("c."), address(60), now=2)
    assert cache.get(asked("b."), now=3) is None
    assert cache.get(asked("a."), now=3) is not None


def test_what_may_not_be_kept_is_given_and_forgotten() -> None:
    cache = Cache()
    assert cache.put(asked("a."), address(0), now=0).answered == address(0)
    assert len(cache) == 0


def test_another_network_starts_with_nothing() -> None:
    cache = Cache()
    cache.put(asked("a."), address(60), now=0)
    cache.clear()
    assert cache.get(asked("a."), now=1) is None
