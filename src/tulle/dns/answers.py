"""The rule of the room: a zone and a query in; an answer, or the name others have to be asked for, out.

Whatever exists is answered with authority and a short life: a service that comes or goes is noticed within
`MESH_TTL_S`. A name without an address of the family asked for is NODATA, never NXDOMAIN: programs that ask for
AAAA first would take the latter for "no such host" (RFC 2308, RFC 4074).
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

import dns.exception
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.reversename
import dns.rrset
from dns.message import Message
from dns.rrset import RRset

from tulle.dns import zones
from tulle.dns.messages import Query, labels_of, respond
from tulle.dns.zones import Apex, Foreign, Instance, Loopback, Missing, Port, Service, Zone
from tulle.model.directory import AliasEntry, Entry, HeadlessEntry, VirtualEntry
from tulle.model.names import ServiceRef

MESH_TTL_S = 5
"""Seconds an answer of the mesh may be kept, also a negative one."""

ANY_TTL_S = 3600
"""Seconds for the answer to ANY, which never changes."""

MOST_RECORDS = 1000
"""Instances of a headless service in one answer."""

MOST_ALIASES = 8
"""Names that stand for names that stand for names: longer chains are somebody's loop."""

LOOPBACKS = ("127.0.0.1", "::1")

_FAMILIES = {dns.rdatatype.A: 4, dns.rdatatype.AAAA: 6}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `origins` are the resources it comes from, `reason` says it in words; `steady` answers are the
    same for every query with the same question. `service` is what a caller will connect to.
    """

    message: Message
    origins: tuple[str, ...] = ()
    reason: str = ""
    steady: bool = True
    service: ServiceRef | None = None


@dataclass(frozen=True, slots=True)
class Forward:
    """Others have to be asked for `name`. `before` are aliases of the mesh that lead there, told first."""

    name: dns.name.Name
    before: tuple[RRset, ...] = ()
    origins: tuple[str, ...] = ()


def answer(zone: Zone, query: Query) -> Reply | Forward:
    """What a workload with this view is told."""
    name = query.message.question[0].name
    found = zone.find(query.labels)
    match found:
        case Foreign():
            return _reverse(zone, query, name) or Forward(name)
        case Service(entry=AliasEntry() as alias) if query.rdtype != dns.rdatatype.CNAME:
            if query.rdtype != dns.rdatatype.ANY:
                return _follow(zone, query, alias)
        case _:
            pass
    return _own(query, name, found)


def _own(query: Query, name: dns.name.Name, found: zones.Found) -> Reply:
    if isinstance(found, Missing):
        reason = "nothing in the mesh has this name"
        return _negative(query, dns.rcode.NXDOMAIN, reason, ())
    origins, records = _origins(found), list(_records(query, name, found))
    if query.rdtype == dns.rdatatype.ANY:
        return _reply(query, [_refusal_of_any(name)], (), origins, "ANY is not answered (RFC 8482)")
    if not records:
        reason = f"the name exists, and has no {dns.rdatatype.to_text(query.rdtype)}"
        return _negative(query, dns.rcode.NOERROR, reason, origins)
    extra = tuple(_additional(query, found))
    steady = not isinstance(_entry(found), HeadlessEntry)
    reply = _reply(query, records, extra, origins, _words(found), steady=steady)
    return replace(reply, service=_service(found))


def _entry(found: zones.Found) -> Entry | None:
    return found.entry if isinstance(found, Service | Instance | Port) else None


def _service(found: zones.Found) -> ServiceRef | None:
    entry = _entry(found)
    return entry.service if entry else None


def _origins(found: zones.Found) -> tuple[str, ...]:
    entry = _entry(found)
    return (entry.origin,) if entry else ()


def _words(found: zones.Found) -> str:
    """Why the answer is what it is, for `tulle dns query`."""
    match found:
        case Service(entry=entry):
            return _OF_SERVICE[type(entry)]
        case _:
            return _OF_OTHERS.get(type(found), "")


_OF_SERVICE: Mapping[type, str] = {
    VirtualEntry: "the virtual addresses of the service",
    HeadlessEntry: "the addresses of its ready instances, for it is headless",
    AliasEntry: "another name for something outside the mesh",
}
_OF_OTHERS: Mapping[type, str] = {
    Instance: "the address of one instance of a headless service",
    Port: "where a port of the service is",
    Loopback: "this host (RFC 6761)",
    Apex: "a domain of the mesh",
}


# Records


def _records(query: Query, name: dns.name.Name, found: zones.Found) -> Iterator[RRset]:
    match found:
        case Service(entry=AliasEntry(host=host)) if query.rdtype == dns.rdatatype.CNAME:
            yield _rrset(name, dns.rdatatype.CNAME, (_absolute(host).to_text(),))
        case Service(entry=entry) if query.rdtype in _FAMILIES:
            yield from _addresses(name, query.rdtype, _all_addresses(query, entry))
        case Instance(endpoints=endpoints) if query.rdtype in _FAMILIES:
            yield from _addresses(name, query.rdtype, [one.address for one in endpoints])
        case Loopback() if query.rdtype in _FAMILIES:
            yield from _addresses(name, query.rdtype, LOOPBACKS)
        case Port(entry=entry, port=port) if query.rdtype == dns.rdatatype.SRV:
            yield _rrset(name, dns.rdatatype.SRV, list(_targets(query, entry, port)))
        case Apex() if query.rdtype == dns.rdatatype.SOA:
            yield _soa(query)
        case _:
            return


def _all_addresses(query: Query, entry: Entry) -> Sequence[str]:
    match entry:
        case VirtualEntry(addresses=addresses):
            return addresses
        case HeadlessEntry(endpoints=endpoints):
            return _turned(query, list(dict.fromkeys(one.address for one in endpoints)))
        case AliasEntry():
            return ()
        case _:
            assert_never(entry)


def _turned(query: Query, addresses: list[str]) -> Sequence[str]:
    """Many programs take the first address: the query's id, which is random, says which that is."""
    if not addresses:
        return ()
    start = query.message.id % len(addresses)
    return (addresses[start:] + addresses[:start])[:MOST_RECORDS]


def _targets(query: Query, entry: Entry, port: str) -> Iterator[str]:
    """Priority, weight, port, target."""
    match entry:
        case VirtualEntry(ports=ports):
            yield f"0 100 {ports[port]} {_named(zones.full_name(entry)).to_text()}"
        case HeadlessEntry(endpoints=endpoints):
            for one in endpoints[:MOST_RECORDS]:
                if port in one.ports:
                    target = (*one.name.split("."), *zones.full_name(entry))
                    yield f"0 100 {one.ports[port]} {_named(target).to_text()}"
        case AliasEntry():
            return
        case _:
            assert_never(entry)


def _additional(query: Query, found: zones.Found) -> Iterator[RRset]:
    """The addresses of what SRV records name: they spare the client the next question."""
    if not isinstance(found, Port):
        return
    for rdtype in _FAMILIES:
        match found.entry:
            case VirtualEntry(addresses=addresses) as entry:
                yield from _addresses(_named(zones.full_name(entry)), rdtype, addresses)
            case HeadlessEntry(endpoints=endpoints) as entry:
                for one in endpoints[:MOST_RECORDS]:
                    target = _named((*one.name.split("."), *zones.full_name(entry)))
                    yield from _addresses(target, rdtype, (one.address,))
            case _:
                return


def _addresses(
    name: dns.name.Name, rdtype: dns.rdatatype.RdataType, addresses: Iterable[str]
) -> Iterator[RRset]:
    """Those of the family asked for; an entry that holds something else is none of an address."""
    family = [text for text in addresses if _version(text) == _FAMILIES[rdtype]]
    if family:
        yield _rrset(name, rdtype, family)


def _version(text: str) -> int:
    try:
        return ipaddress.ip_address(text).version
    except ValueError:
        return 0


def _rrset(name: dns.name.Name, rdtype: dns.rdatatype.RdataType, texts: Sequence[str]) -> RRset:
    return dns.rrset.from_text_list(name, MESH_TTL_S, dns.rdataclass.IN, rdtype, list(texts))


def _named(labels: zones.Labels) -> dns.name.Name:
    return dns.name.Name([*(label.encode("latin-1") for label in labels), b""])


def _absolute(host: str) -> dns.name.Name:
    return dns.name.from_text(host)


def _soa(query: Query) -> RRset:
    """Of the domain a name lies in; a short name is a domain of its own."""
    apex = _named(zones.apex_of(query.labels))
    text = f"ns.mesh. hostmaster.mesh. 1 3600 600 86400 {MESH_TTL_S}"
    return _rrset(apex, dns.rdatatype.SOA, (text,))


def _refusal_of_any(name: dns.name.Name) -> RRset:
    return dns.rrset.from_text(
        name, ANY_TTL_S, dns.rdataclass.IN, dns.rdatatype.HINFO, '"RFC8482" ""'
    )


# Answers


def _reply(
    query: Query,
    records: Iterable[RRset],
    extra: Iterable[RRset],
    origins: tuple[str, ...],
    reason: str,
    *,
    steady: bool = True,
) -> Reply:
    response = respond(query.message, dns.rcode.NOERROR, authoritative=True)
    response.answer.extend(records)
    response.additional.extend(extra)
    return Reply(response, origins, reason, steady)


def _negative(query: Query, rcode: dns.rcode.Rcode, reason: str, origins: tuple[str, ...]) -> Reply:
    response = respond(query.message, rcode, authoritative=True)
    response.authority.append(_soa(query))
    return Reply(response, origins, reason)


def _reverse(zone: Zone, query: Query, name: dns.name.Name) -> Reply | None:
    """Whose virtual address a name under in-addr.arpa or ip6.arpa spells; None: nobody's of ours."""
    if query.labels[-1:] != ("arpa",):
        return None
    try:
        entry = zone.directory.at(dns.reversename.to_address(name.canonicalize()))
    except (dns.exception.DNSException, ValueError):
        return None
    if entry is None:
        return None
    if query.rdtype != dns.rdatatype.PTR:
        reason = "a virtual address: it has a PTR only"
        return _negative(query, dns.rcode.NOERROR, reason, (entry.origin,))
    full = _named(zones.full_name(entry)).to_text()
    records = [_rrset(name, dns.rdatatype.PTR, (full,))]
    return _reply(query, records, (), (entry.origin,), "the service with this virtual address")


def _follow(zone: Zone, query: Query, alias: AliasEntry) -> Reply | Forward:
    """An alias: told, and what it stands for after it, from the mesh or from others."""
    chain: list[RRset] = []
    origins: list[str] = []
    name = query.message.question[0].name
    entry: AliasEntry = alias
    while len(chain) < MOST_ALIASES:
        try:
            target = _absolute(entry.host)
        except (dns.exception.DNSException, ValueError):
            return _negative(
                query, dns.rcode.SERVFAIL, "the name it stands for is none", (entry.origin,)
            )
        chain.append(_rrset(name, dns.rdatatype.CNAME, (target.to_text(),)))
        origins.append(entry.origin)
        name = target
        inner = Query(query.message, labels_of(target.labels), query.rdtype)
        found = zone.find(inner.labels)
        match found:
            case Foreign():
                return Forward(target, tuple(chain), tuple(origins))
            case Service(entry=AliasEntry() as following):
                entry = following
            case Missing():
                return _negative_after(inner, chain, dns.rcode.NXDOMAIN, tuple(origins))
            case _:
                records = list(_records(inner, target, found))
                known = (*origins, *_origins(found))
                if not records:
                    return _negative_after(inner, chain, dns.rcode.NOERROR, known)
                reply = _reply(query, (*chain, *records), (), known, _words(found), steady=False)
                return replace(reply, service=_service(found))
    return _negative(query, dns.rcode.SERVFAIL, "names that stand for each other", tuple(origins))


def _negative_after(
    query: Query, chain: Sequence[RRset], rcode: dns.rcode.Rcode, origins: tuple[str, ...]
) -> Reply:
    reply = _negative(query, rcode, "what it stands for has no such record", origins)
    reply.message.answer.extend(chain)
    return reply
