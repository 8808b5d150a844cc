"""Packets that are no questions, EDNS, and sizes."""

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest
from tests.unit.dns.meshes import question

from tulle.dns.messages import (
    OUR_PAYLOAD,
    Objection,
    Query,
    labels_of,
    read,
    refuse,
    respond,
    udp_limit,
)


def objection(data: bytes) -> tuple[int, str]:
    found = read(data)
    assert isinstance(found, Objection)
    parsed = dns.message.from_wire(found.wire)
    assert parsed.flags & dns.flags.QR
    return parsed.id, dns.rcode.to_text(parsed.rcode())


@pytest.mark.parametrize("data", [b"", b"\x00" * 11, b"\x12\x34\x80" + b"\x00" * 9])
def test_what_is_too_short_or_an_answer_itself_is_met_with_silence(data: bytes) -> None:
    assert read(data) is None


def test_garbage_behind_a_header_is_a_format_error_with_its_id() -> None:
    assert objection(b"\x12\x34\x01\x00\x00\x01" + b"\x00" * 6) == (0x1234, "FORMERR")
    assert objection(b"\x12\x34\x01\x00" + b"\x00" * 8) == (0x1234, "FORMERR")


def test_other_things_than_queries_are_not_implemented() -> None:
    made = dns.message.make_query("a.", "A", id=7)
    made.set_opcode(dns.opcode.STATUS)
    assert objection(made.to_wire()) == (7, "NOTIMP")
    update = b"\x00\x07\x28\x00" + b"\x00" * 8
    assert objection(update)[0] == 7


@pytest.mark.parametrize(("rdtype", "rdclass"), [("AXFR", "IN"), ("A", "CH"), ("TXT", "CH")])
def test_transfers_and_other_classes_are_refused(rdtype: str, rdclass: str) -> None:
    made = dns.message.make_query("version.bind", rdtype, rdclass, id=7)
    assert objection(made.to_wire()) == (7, "REFUSED")


def test_an_edns_version_to_come_is_told_which_one_we_speak() -> None:
    made = dns.message.make_query("a.", "A", id=7, use_edns=1)
    found = read(made.to_wire())
    assert isinstance(found, Objection)
    parsed = dns.message.from_wire(found.wire)
    assert (parsed.rcode(), parsed.edns) == (dns.rcode.BADVERS, 0)


def test_labels_are_lower_case_and_bytes_that_are_no_text_stay_apart() -> None:
    assert labels_of((b"A", b"b\xff", b"")) == ("a", "b\xff")


@pytest.mark.parametrize(
    ("payload", "limit"), [(0, 512), (100, 512), (900, 900), (1232, 1232), (65535, OUR_PAYLOAD)]
)
def test_a_datagram_is_as_large_as_both_sides_take(payload: int, limit: int) -> None:
    assert udp_limit(dns.message.make_query("a.", "A", use_edns=0, payload=payload)) == limit


def test_without_edns_a_datagram_has_512_bytes() -> None:
    assert udp_limit(dns.message.make_query("a.", "A")) == 512


def test_an_answer_has_edns_only_if_the_query_had() -> None:
    assert respond(question("a.").message, dns.rcode.NOERROR).edns == 0
    plain = read(dns.message.make_query("a.", "A").to_wire())
    assert isinstance(plain, Query)
    assert respond(plain.message, dns.rcode.NOERROR).edns == -1


def test_do_and_cd_come_back_and_the_answer_is_not_called_verified() -> None:
    made = dns.message.make_query("a.", "A", want_dnssec=True)
    made.flags |= dns.flags.CD
    found = respond(made, dns.rcode.NOERROR)
    assert found.ednsflags & dns.flags.DO
    assert found.flags & dns.flags.CD
    assert not found.flags & dns.flags.AD


def test_an_error_says_why_to_those_who_read_edns() -> None:
    code = dns.edns.EDECode.NOT_READY
    found = refuse(question("a.").message, dns.rcode.SERVFAIL, code, "soon")
    parsed = dns.message.from_wire(found.to_wire())
    assert parsed.rcode() == dns.rcode.SERVFAIL
    assert [(option.code, option.text) for option in parsed.options] == [(code, "soon")]
