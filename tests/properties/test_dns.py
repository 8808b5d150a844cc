"""Whatever is asked, and in whatever bytes: the answer is well-formed, and within the view."""

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from hypothesis import given
from hypothesis import strategies as st

from tulle.dns.answers import Forward, Reply, answer
from tulle.dns.cache import LONGEST_S, lifetime_s
from tulle.dns.directories import directory_of
from tulle.dns.forwarding import Question, ask, believe, passed_on, read_answer
from tulle.dns.messages import LARGEST, Objection, Query, read, render, udp_limit
from tulle.dns.zones import OWN_DOMAINS, Zone
from tulle.model.directory import AliasEntry, Entry, HeadlessEntry, NamedEndpoint, VirtualEntry

WORDS = st.sampled_from(["a", "b", "shop", "bank", "mesh", "svc", "local", "localhost", "_a"])
LABEL = st.sampled_from(["a", "b", "shop", "bank"])
ADDRESS = st.one_of(
    st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str), st.just("nonsense")
)
PORTS = st.dictionaries(LABEL, st.integers(1, 65535), max_size=2)
ENDPOINTS = st.lists(
    st.builds(lambda n, a, p: NamedEndpoint(name=n, address=a, ports=p), LABEL, ADDRESS, PORTS),
    max_size=40,
).map(tuple)
HOSTS = st.sampled_from(["example.com", "a.shop.mesh", "b.bank.mesh", "x.shop.mesh", "a..b", "."])
PLACE = {"namespace": LABEL, "name": LABEL, "origin": st.just("origin")}


def entries() -> st.SearchStrategy[list[Entry]]:
    addresses = st.lists(ADDRESS, max_size=3).map(tuple)
    return st.lists(
        st.one_of(
            st.builds(VirtualEntry, addresses=addresses, ports=PORTS, **PLACE),
            st.builds(HeadlessEntry, endpoints=ENDPOINTS, **PLACE),
            st.builds(AliasEntry, host=HOSTS, **PLACE),
        ),
        max_size=6,
    )


NAMES = st.one_of(
    st.lists(WORDS, min_size=0, max_size=5).map(lambda labels: ".".join(labels) + "."),
    st.builds(lambda n, s, d: f"{n}.{s}.{d}.", LABEL, LABEL, st.sampled_from(["mesh", "svc"])),
    st.builds(lambda n, s: f"_{n}._tcp.{s}.shop.svc.cluster.local.", LABEL, LABEL),
    st.ip_addresses().map(lambda address: f"{address.reverse_pointer}."),
)
TYPES = st.one_of(
    st.sampled_from(["A", "AAAA", "SRV", "PTR", "CNAME", "SOA", "NS", "TXT", "ANY", "HTTPS"]),
    st.integers(1, 65535).map(lambda number: f"TYPE{number}"),
)


@st.composite
def queries(draw: st.DrawFn) -> bytes:
    name = "".join(draw(st.sampled_from([c, c.upper()])) for c in draw(NAMES))
    made = dns.message.make_query(name, draw(TYPES), id=draw(st.integers(0, 65535)))
    if draw(st.booleans()):
        made.use_edns(draw(st.sampled_from([0, 0, 0, 1])), payload=draw(st.integers(0, 65535)))
    return made.to_wire()


@given(entries(), LABEL, queries(), st.booleans())
def test_every_answer_parses_echoes_the_question_and_keeps_to_its_size(
    entries: list[Entry], namespace: str, data: bytes, tcp: bool
) -> None:
    query = read(data)
    assert query is not None
    if isinstance(query, Objection):
        assert dns.message.from_wire(query.wire).id == int.from_bytes(data[:2], "big")
        return
    found = answer(Zone(namespace, directory_of(entries)), query)
    if isinstance(found, Forward):
        return
    limit = LARGEST if tcp else udp_limit(query.message)
    wire = render(found.message, limit)
    assert len(wire) <= limit
    said = dns.message.from_wire(wire)
    asked = query.message.question[0]
    assert said.id == query.message.id
    assert said.question[0].to_text() == asked.to_text()
    assert said.question[0].name.labels == asked.name.labels  # the spelling too (0x20)
    assert (said.edns >= 0) == (query.message.edns >= 0)


@given(entries(), LABEL, queries())
def test_nothing_is_said_of_names_outside_the_view(
    entries: list[Entry], namespace: str, data: bytes
) -> None:
    query = read(data)
    if not isinstance(query, Query):
        return
    directory = directory_of(entries)
    found = answer(Zone(namespace, directory), query)
    if isinstance(found, Forward):
        return
    labels = query.labels
    own = any(labels[-len(domain) :] == domain for domain in OWN_DOMAINS)
    words = {word for place in directory.services for word in place}
    known = bool(words & set(labels)) or labels[-1:] in {("localhost",), ("arpa",)}
    assert own or known
    addresses = {a for one in entries if isinstance(one, VirtualEntry) for a in one.addresses}
    addresses |= {
        e.address for one in entries if isinstance(one, HeadlessEntry) for e in one.endpoints
    }
    if labels[-1:] != ("localhost",):
        records = {r.to_text() for s in found.message.answer if s.rdtype in {1, 28} for r in s}
        assert records <= {str(a).lower() for a in addresses}


@given(entries(), LABEL, queries())
def test_a_name_exists_for_all_types_or_for_none(
    entries: list[Entry], namespace: str, data: bytes
) -> None:
    query = read(data)
    if not isinstance(query, Query):
        return
    zone = Zone(namespace, directory_of(entries))
    found = [
        answer(zone, Query(query.message, query.labels, rdtype))
        for rdtype in (dns.rdatatype.TXT, dns.rdatatype.CNAME)
    ]
    codes = {
        one.message.rcode()
        for one in found
        if isinstance(one, Reply) and not one.message.answer  # aliases have rules of their own
    }
    assert len(codes) <= 1


@given(st.binary(max_size=200))
def test_no_packet_breaks_the_reader(data: bytes) -> None:
    found = read(data)
    if isinstance(found, Objection):
        assert found.wire[:2] == data[:2]


@given(entries(), st.randoms())
def test_the_order_of_entries_never_changes_an_answer(entries: list[Entry], rnd) -> None:
    unique = list({(one.namespace, one.name): one for one in entries}.values())
    assert directory_of(unique) == directory_of(rnd.sample(unique, len(unique)))


QUESTION = Question(dns.name.from_text("example.com"), dns.rdatatype.A)


def _said() -> bytes:
    """What a server says that has much to say."""
    made = dns.message.make_response(dns.message.from_wire(ask(QUESTION, 7)))
    for name, rdtype, value in (
        ("example.com.", "CNAME", "a.example.com."),
        ("a.example.com.", "A", "192.0.2.1"),
        ("a.example.com.", "HTTPS", "1 . alpn=h2"),
        ("other.example.", "A", "203.0.113.66"),
    ):
        made.answer.append(dns.rrset.from_text(name, 60, "IN", rdtype, value))
    return made.to_wire()


SAID = _said()


@given(st.lists(st.tuples(st.integers(2, len(SAID) - 1), st.integers(0, 255)), max_size=6))
def test_whatever_others_say_is_passed_on_well_formed_or_not_at_all(
    damage: list[tuple[int, int]],
) -> None:
    data = bytearray(SAID)
    for place, byte in damage:
        data[place] = byte
    message = believe(bytes(data), QUESTION, 7)
    if message is None:
        return
    query = read(dns.message.make_query("example.com", "A", use_edns=0).to_wire())
    assert isinstance(query, Query)
    answered = read_answer(message, QUESTION)
    assert 0 <= lifetime_s(answered) <= LONGEST_S
    wire = render(passed_on(query, (), answered, 3), udp_limit(query.message))
    parsed = dns.message.from_wire(wire)
    assert parsed.question[0].name == QUESTION.name
    assert all(one.name.to_text() != "other.example." for one in parsed.answer) or damage
