"""What many workloads are told alike is held once."""

import weakref

from tests.unit.agent.resolver.test_names import framed
from tests.unit.dns.meshes import DATABASE, ONLY_V4, REVIEWS

from tulle.agent.resolver.shared import Reader
from tulle.model.directory import Entry, VirtualEntry, encode_entry
from tulle.xds.snapshots import XdsResource


def told(*entries: Entry, version: str = "1") -> dict[str, XdsResource]:
    return {
        str(one.service): framed(encode_entry(one), str(one.service), version) for one in entries
    }


def test_workloads_that_are_told_the_same_share_one_directory() -> None:
    one, other = Reader(), Reader()
    assert one.read(told(REVIEWS, DATABASE)) is other.read(told(DATABASE, REVIEWS))


def test_a_change_gives_another_directory_with_what_did_not_change() -> None:
    reader = Reader()
    before = reader.read(told(REVIEWS, ONLY_V4))
    moved = VirtualEntry(namespace="shop", name="four", addresses=("240.0.0.44",))
    after = reader.read({**told(REVIEWS), **told(moved, version="2")})
    assert after.find("reviews", "shop") is before.find("reviews", "shop")
    assert after.find("four", "shop") == moved
    assert after.at("240.0.0.4") is None


def test_what_nobody_holds_is_forgotten() -> None:
    reader = Reader()
    held = weakref.ref(reader.read(told(REVIEWS, version="here only")))
    assert held() is not None
    reader.read(told(ONLY_V4))
    assert held() is None


def test_an_entry_under_another_services_name_is_none() -> None:
    odd = framed(encode_entry(REVIEWS), "bank/reviews")
    assert not Reader().read({"bank/reviews": odd}).services


def test_what_cannot_be_read_costs_itself_only() -> None:
    odd = framed(b'{"type":"hologram"}', "shop/x")
    found = Reader().read({"shop/x": odd, **told(REVIEWS)})
    assert list(found.services) == [("shop", "reviews")]
