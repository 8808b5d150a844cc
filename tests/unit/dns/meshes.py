"""A small mesh to ask about, and questions in one line each."""

import dns.message
import dns.rdatatype
from dns.message import Message

from tulle.dns.answers import Forward, Reply, answer
from tulle.dns.directories import Directory, directory_of
from tulle.dns.messages import Query, read
from tulle.dns.zones import Zone
from tulle.model.directory import AliasEntry, HeadlessEntry, NamedEndpoint, VirtualEntry

REVIEWS = VirtualEntry(
    namespace="shop",
    name="reviews",
    addresses=("240.0.0.7", "fd74::7"),
    ports={"http": 80},
    origin="Service shop/reviews",
)
ONLY_V4 = VirtualEntry(
    namespace="shop", name="four", addresses=("240.0.0.4",), origin="Service shop/four"
)
DATABASE = HeadlessEntry(
    namespace="shop",
    name="db",
    endpoints=(
        NamedEndpoint(name="db-1", address="10.0.0.1", ports={"pg": 5432}),
        NamedEndpoint(name="db-2", address="10.0.0.2", ports={"pg": 5433}),
    ),
    origin="Service shop/db",
)
NOBODY = HeadlessEntry(namespace="shop", name="nobody", origin="Service shop/nobody")
OUTSIDE = AliasEntry(
    namespace="shop", name="outside", host="example.com", origin="Service shop/outside"
)
INSIDE = AliasEntry(namespace="shop", name="inside", host="reviews.shop.mesh", origin="alias")
ROUND = AliasEntry(namespace="shop", name="round", host="round.shop.mesh", origin="round")
OTHER = VirtualEntry(namespace="bank", name="ledger", addresses=("240.0.0.9",), origin="ledger")

DIRECTORY: Directory = directory_of(
    [REVIEWS, ONLY_V4, DATABASE, NOBODY, OUTSIDE, INSIDE, ROUND, OTHER]
)
SHOP = Zone("shop", DIRECTORY)
BANK = Zone("bank", DIRECTORY)


def question(name: str, rdtype: str = "A", **options: int) -> Query:
    """A question with EDNS, as programs send them."""
    made = dns.message.make_query(name, rdtype, **{"use_edns": 0, **options})
    found = read(made.to_wire())
    assert isinstance(found, Query)
    return found


def ask(name: str, rdtype: str = "A", zone: Zone = SHOP) -> Reply | Forward:
    """What the zone says."""
    return answer(zone, question(name, rdtype))


def reply(name: str, rdtype: str = "A", zone: Zone = SHOP) -> Message:
    """The message it answers with."""
    found = ask(name, rdtype, zone)
    assert isinstance(found, Reply)
    return found.message


def values(message: Message, rdtype: str = "") -> list[str]:
    """The answer's records, of one type or of all."""
    return [
        record.to_text()
        for rrset in message.answer
        for record in rrset
        if not rdtype or rrset.rdtype == dns.rdatatype.from_text(rdtype)
    ]
