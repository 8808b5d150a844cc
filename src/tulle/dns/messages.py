"""Packets in and out: what is a question at all, and how large an answer may be.

Messages are dnspython's; this file holds what RFC 1035, 6891 (EDNS) and 8914 (extended errors) ask of whoever
answers, whatever the answer says.
"""

from dataclasses import dataclass

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
from dns.message import Message

from tulle.dns.zones import Labels

HEADER = 12
"""Bytes: less is no DNS."""

OUR_PAYLOAD = 1232
"""Bytes of UDP we send and take at most: what passes every path unfragmented (DNS flag day 2020)."""

PLAIN_PAYLOAD = 512
"""Bytes of UDP without EDNS (RFC 1035)."""

LARGEST = 65535
"""Bytes over TCP."""

NOT_FORWARDED = frozenset(
    {
        dns.rdatatype.AXFR,
        dns.rdatatype.IXFR,
        dns.rdatatype.MAILA,
        dns.rdatatype.MAILB,
        dns.rdatatype.TSIG,
        dns.rdatatype.TKEY,
        dns.rdatatype.OPT,
    }
)
"""Types that are no questions about a name, or ask for whole zones: nobody here has business with them."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question we can look at. `labels` are its name in lower case; `message` has it as it was written."""

    message: Message
    labels: Labels
    rdtype: dns.rdatatype.RdataType


@dataclass(frozen=True, slots=True)
class Objection:
    """A packet that gets an error and nothing else."""

    wire: bytes


def read(data: bytes) -> Query | Objection | None:
    """What a client sent. None: it is answered by silence, for it is no query, or too short to have an id.

    Every parser error becomes FORMERR with the packet's own id, so that honest clients need not wait.
    """
    if len(data) < HEADER or data[2] & 0x80:
        return None
    try:
        message = dns.message.from_wire(data)
    except (dns.exception.DNSException, ValueError, IndexError):
        return Objection(_bare(data, dns.rcode.FORMERR))
    if message.opcode() != dns.opcode.QUERY:
        return Objection(_bare(data, dns.rcode.NOTIMP))
    if len(message.question) != 1:
        return Objection(_bare(data, dns.rcode.FORMERR))
    return _question(message)


def _question(message: Message) -> Query | Objection:
    if message.edns > 0:
        return Objection(respond(message, dns.rcode.BADVERS).to_wire())
    question = message.question[0]
    if question.rdclass != dns.rdataclass.IN or question.rdtype in NOT_FORWARDED:
        return Objection(respond(message, dns.rcode.REFUSED).to_wire())
    return Query(message, labels_of(question.name.labels), question.rdtype)


def labels_of(labels: tuple[bytes, ...]) -> Labels:
    """A name as we look it up: without the root, in lower case; bytes that are no text stay told apart."""
    return tuple(label.decode("latin-1").lower() for label in labels if label)


def respond(query: Message, rcode: dns.rcode.Rcode, *, authoritative: bool = False) -> Message:
    """An answer without content: the question as it was asked, EDNS if the query had it."""
    response = dns.message.make_response(query, recursion_available=True, our_payload=OUR_PAYLOAD)
    response.flags |= query.flags & dns.flags.CD
    if authoritative:
        response.flags |= dns.flags.AA
    if query.edns >= 0 and query.ednsflags & dns.flags.DO:
        response.ednsflags |= dns.flags.DO
    response.set_rcode(rcode)
    return response


def refuse(query: Message, rcode: dns.rcode.Rcode, code: dns.edns.EDECode, text: str) -> Message:
    """An error with its reason, for those who read EDNS (RFC 8914)."""
    response = respond(query, rcode)
    if query.edns >= 0:
        options: list[dns.edns.Option] = [dns.edns.EDEOption(code, text)]
        response.use_edns(0, response.ednsflags, OUR_PAYLOAD, options=options)
        response.set_rcode(rcode)
    return response


def udp_limit(query: Message) -> int:
    """Bytes the client takes in one datagram, as far as we send them."""
    if query.edns < 0:
        return PLAIN_PAYLOAD
    return max(PLAIN_PAYLOAD, min(query.payload, OUR_PAYLOAD))


def render(response: Message, limit: int) -> bytes:
    """The bytes of an answer; what does not fit is left out, and TC says so."""
    return response.to_wire(max_size=limit, prefer_truncation=True)


def _bare(data: bytes, rcode: dns.rcode.Rcode) -> bytes:
    """A header alone: the id, the opcode and RD of a packet that cannot be read further."""
    return data[:2] + bytes([0x80 | data[2] & 0x79, int(rcode)]) + bytes(8)
