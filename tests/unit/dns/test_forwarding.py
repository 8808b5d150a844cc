"""What is asked of others, and what of their answers is believed."""

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from dns.message import Message
from tests.unit.dns.meshes import question

from tulle.dns.forwarding import (
    NO_SERVERS,
    Answered,
    Failed,
    Question,
    ask,
    believe,
    dislikes_edns,
    failure,
    is_final,
    passed_on,
    question_of,
    read_answer,
)

ASKED = Question(dns.name.from_text("example.com"), dns.rdatatype.A)


def answering(*records: str, number: int = 7, authority: str = "") -> Message:
    made = dns.message.make_response(dns.message.from_wire(ask(ASKED, number)))
    for record in records:
        name, rdtype, value = record.split(" ", 2)
        made.answer.append(dns.rrset.from_text(name, 60, "IN", rdtype, value))
    if authority:
        made.authority.append(dns.rrset.from_text("com.", 60, "IN", *authority.split(" ", 1)))
    return made


def test_questions_are_the_same_whatever_their_spelling() -> None:
    one, other = question("Example.COM"), question("example.com")
    asked = [question_of(q, q.message.question[0].name) for q in (one, other)]
    assert asked[0] == asked[1] == ASKED


def test_who_checks_signatures_asks_another_question() -> None:
    query = question("example.com", want_dnssec=True)
    asked = question_of(query, query.message.question[0].name)
    assert asked.dnssec
    sent = dns.message.from_wire(ask(asked, 7))
    assert sent.ednsflags & dns.flags.DO


def test_the_answer_to_the_question_is_believed() -> None:
    found = believe(answering("example.com. A 192.0.2.1").to_wire(), ASKED, 7)
    assert found is not None
    assert is_final(found)


@pytest.mark.parametrize("what", ["id", "name", "type", "query", "garbage", "two questions"])
def test_an_answer_to_anything_else_is_not(what: str) -> None:
    made = answering("example.com. A 192.0.2.1")
    match what:
        case "id":
            made.id = 8
        case "name":
            made.question[0] = dns.rrset.RRset(dns.name.from_text("evil.com"), 1, 1)
        case "type":
            made.question[0] = dns.rrset.RRset(ASKED.name, 1, 28)
        case "query":
            made.flags &= ~dns.flags.QR
        case "two questions":
            made.question.append(dns.rrset.RRset(dns.name.from_text("evil.com"), 1, 1))
    data = b"\x00\x07garbage" if what == "garbage" else made.to_wire()
    assert believe(data, ASKED, 7) is None


def test_only_what_follows_from_the_question_is_passed_on() -> None:
    made = answering(
        "example.com. CNAME www.example.net.",
        "www.example.net. A 192.0.2.1",
        "bank.com. A 203.0.113.66",
        authority="NS ns.evil.com.",
    )
    made.additional.append(dns.rrset.from_text("bank.com.", 60, "IN", "A", "203.0.113.66"))
    found = read_answer(made, ASKED)
    assert [rrset.name.to_text() for rrset in found.answer] == ["example.com.", "www.example.net."]
    assert found.authority == ()


def test_a_denial_keeps_its_soa() -> None:
    soa = "SOA ns.com. host.com. 1 2 3 4 30"
    found = read_answer(answering(authority=soa), ASKED)
    assert [rrset.rdtype for rrset in found.authority] == [dns.rdatatype.SOA]


def test_aliases_that_go_round_end() -> None:
    made = answering("example.com. CNAME a.com.", "a.com. CNAME example.com.")
    assert len(read_answer(made, ASKED).answer) == 2


def test_lives_are_shortened_by_the_time_an_answer_was_kept_and_aliases_come_first() -> None:
    query = question("outside")
    alias = dns.rrset.from_text("outside.", 5, "IN", "CNAME", "example.com.")
    answered = read_answer(answering("example.com. A 192.0.2.1"), ASKED)
    found = passed_on(query, (alias,), answered, 50)
    assert [(one.rdtype, one.ttl) for one in found.answer] == [(5, 5), (1, 10)]
    assert found.id == query.message.id
    assert passed_on(query, (), answered, 500).answer[0].ttl == 0


def test_a_failure_lets_the_client_go_on_to_its_next_server() -> None:
    query = question("example.com")
    assert failure(query, NO_SERVERS).rcode() == dns.rcode.REFUSED
    other = failure(query, Failed(dns.edns.EDECode.NETWORK_ERROR, "why"))
    assert other.rcode() == dns.rcode.SERVFAIL


def test_an_old_server_is_known_by_its_dislike_of_edns() -> None:
    made = answering()
    made.set_rcode(dns.rcode.FORMERR)
    assert dislikes_edns(made)
    assert not is_final(made)
    assert ask(ASKED, 7, edns=False) != ask(ASKED, 7)
    assert Answered(dns.rcode.NOERROR).answer == ()
