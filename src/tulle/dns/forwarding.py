"""Asking others: the question that is sent on, and what of an answer is believed.

Anybody can send a packet to a port: an answer counts only if it has the id of the question and repeats it to the
letter, and of a good one only what follows from the question is passed on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.message import Message
from dns.rrset import RRset

from tulle.dns.messages import OUR_PAYLOAD, Query, refuse, respond


@dataclass(frozen=True, slots=True)
class Question:
    """What others are asked; equal questions need asking once. `name` is in lower case."""

    name: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    dnssec: bool = False
    unchecked: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What others said, without what is none of the question's. `authority` is a negative answer's SOA, or proofs."""

    rcode: dns.rcode.Rcode
    answer: tuple[RRset, ...] = ()
    authority: tuple[RRset, ...] = ()
    authentic: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Nobody gave an answer, and why."""

    code: dns.edns.EDECode
    reason: str


NO_SERVERS = Failed(dns.edns.EDECode.NOT_AUTHORITATIVE, "not a name of the mesh, nobody to ask")
OVERLOADED = Failed(dns.edns.EDECode.OTHER, "too many questions are waiting for answers")


def question_of(query: Query, name: dns.name.Name) -> Question:
    """The question behind a query; DO and CD make it another one."""
    message = query.message
    return Question(
        name.canonicalize(),
        query.rdtype,
        dnssec=message.edns >= 0 and bool(message.ednsflags & dns.flags.DO),
        unchecked=bool(message.flags & dns.flags.CD),
    )


def ask(question: Question, number: int, *, edns: bool = True) -> bytes:
    """The packet for an upstream server; `number` is its id, drawn by whoever sends it."""
    message = dns.message.make_query(question.name, question.rdtype, id=number)
    if question.unchecked:
        message.flags |= dns.flags.CD
    if edns:
        flags = dns.flags.DO if question.dnssec else 0
        message.use_edns(0, flags, OUR_PAYLOAD)
    return message.to_wire()


def believe(data: bytes, question: Question, number: int) -> Message | None:
    """The answer to just this question, or None: somebody else's, or garbage."""
    try:
        message = dns.message.from_wire(data, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError, IndexError):
        return None
    if message.id != number or not message.flags & dns.flags.QR:
        return None
    if message.opcode() != dns.opcode.QUERY or len(message.question) != 1:
        return None
    asked = message.question[0]
    same = asked.name == question.name and asked.rdtype == question.rdtype
    return message if same and asked.rdclass == dns.rdataclass.IN else None


def is_final(message: Message) -> bool:
    """Whether another server would say the same: the name was found, or there is none."""
    return message.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}


def dislikes_edns(message: Message) -> bool:
    """Whether a server may answer the same question without EDNS: it is older than that."""
    return message.rcode() in {dns.rcode.FORMERR, dns.rcode.NOTIMP}


def read_answer(message: Message, question: Question) -> Answered:
    """What is passed on: records of the name asked for and of those its aliases lead to; of the rest, the SOA."""
    names = _chain(message.answer, question)
    authority = message.authority if question.dnssec else _soa_of(message.authority)
    return Answered(
        message.rcode(),
        tuple(rrset for rrset in message.answer if rrset.name in names),
        tuple(authority),
        bool(message.flags & dns.flags.AD),
    )


def _chain(answer: Sequence[RRset], question: Question) -> set[dns.name.Name]:
    aliases = {
        rrset.name: rrset[0].target
        for rrset in answer
        if rrset.rdtype == dns.rdatatype.CNAME and len(rrset)
    }
    names = {question.name}
    target = aliases.get(question.name)
    while target is not None and target not in names:
        names.add(target)
        target = aliases.get(target)
    return names | {one.name for one in answer if one.rdtype == dns.rdatatype.DNAME}


def _soa_of(authority: Iterable[RRset]) -> list[RRset]:
    return [one for one in authority if one.rdtype == dns.rdatatype.SOA]


def passed_on(query: Query, before: Sequence[RRset], answered: Answered, age_s: int) -> Message:
    """The client's answer: aliases of the mesh first, lives shortened by the time the answer has been kept."""
    response = respond(query.message, answered.rcode)
    response.answer.extend(before)
    response.answer.extend(_aged(one, age_s) for one in answered.answer)
    response.authority.extend(_aged(one, age_s) for one in answered.authority)
    if answered.authentic and not before:
        response.flags |= dns.flags.AD
    return response


def failure(query: Query, failed: Failed) -> Message:
    """SERVFAIL, so that the client asks its next server; REFUSED where we never forward: it is not our matter."""
    never = failed.code == dns.edns.EDECode.NOT_AUTHORITATIVE
    rcode = dns.rcode.REFUSED if never else dns.rcode.SERVFAIL
    return refuse(query.message, rcode, failed.code, failed.reason)


def _aged(rrset: RRset, age_s: int) -> RRset:
    if not age_s:
        return rrset
    ttl = max(0, rrset.ttl - age_s)
    return dns.rrset.from_rdata_list(rrset.name, ttl, list(rrset))
