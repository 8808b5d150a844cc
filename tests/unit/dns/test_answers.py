"""What a workload is told, record by record."""

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest
from tests.unit.dns.meshes import BANK, DIRECTORY, SHOP, ask, question, reply, values

from tulle.dns.answers import MESH_TTL_S, MOST_RECORDS, Forward, Reply, answer
from tulle.dns.directories import directory_of
from tulle.dns.messages import LARGEST, render, udp_limit
from tulle.dns.zones import Zone
from tulle.model.directory import HeadlessEntry, NamedEndpoint


def test_each_family_gets_its_addresses_with_a_short_life() -> None:
    assert values(reply("reviews", "A")) == ["240.0.0.7"]
    found = reply("reviews.shop.mesh", "AAAA")
    assert values(found) == ["fd74::7"]
    assert found.answer[0].ttl == MESH_TTL_S
    assert found.flags & dns.flags.AA


def test_the_question_is_echoed_as_it_was_spelled() -> None:
    found = reply("ReViEwS.ShOp")
    assert found.question[0].name.to_text() == found.answer[0].name.to_text() == "ReViEwS.ShOp."


def denial(name: str, rdtype: str = "A") -> tuple[str, str, int]:
    found = reply(name, rdtype)
    assert not values(found)
    soa = found.authority[0]
    return dns.rcode.to_text(found.rcode()), soa.name.to_text(), soa[0].minimum


def test_a_name_without_an_address_of_the_family_exists_all_the_same() -> None:
    assert denial("four.shop.mesh", "AAAA") == ("NOERROR", "mesh.", MESH_TTL_S)
    assert denial("four", "AAAA") == ("NOERROR", "four.", MESH_TTL_S)
    assert denial("reviews.shop.mesh", "TXT")[0] == "NOERROR"
    assert denial("nobody", "A")[0] == "NOERROR"
    assert denial("shop.mesh", "A")[0] == "NOERROR"


def test_what_does_not_exist_is_denied_with_the_domain_that_says_so() -> None:
    assert denial("x.shop.mesh") == ("NXDOMAIN", "mesh.", MESH_TTL_S)
    name = "x.shop.svc.cluster.local"
    assert denial(name) == ("NXDOMAIN", "svc.cluster.local.", MESH_TTL_S)


def test_a_headless_service_is_all_its_instances_and_each_by_name() -> None:
    assert sorted(values(reply("db"))) == ["10.0.0.1", "10.0.0.2"]
    assert values(reply("db-2.db.shop.mesh")) == ["10.0.0.2"]
    assert values(reply("db", "AAAA")) == []


def test_instances_take_turns_at_being_first() -> None:
    firsts = {values(answer(SHOP, question("db", id=number)).message)[0] for number in range(4)}
    assert firsts == {"10.0.0.1", "10.0.0.2"}


def test_srv_names_port_and_host_and_brings_the_hosts_addresses() -> None:
    found = reply("_http._tcp.reviews", "SRV")
    assert values(found) == ["0 100 80 reviews.shop.svc.cluster.local."]
    extra = {record.to_text() for rrset in found.additional for record in rrset}
    assert extra == {"240.0.0.7", "fd74::7"}
    assert denial("_http._tcp.reviews", "A")[0] == "NOERROR"


def test_srv_of_a_headless_service_names_every_instance_with_its_own_port() -> None:
    assert sorted(values(reply("_pg._tcp.db", "SRV"))) == [
        "0 100 5432 db-1.db.shop.svc.cluster.local.",
        "0 100 5433 db-2.db.shop.svc.cluster.local.",
    ]


@pytest.mark.parametrize(
    "name",
    ["7.0.0.240.in-addr.arpa", "7" + ".0" * 27 + ".4.7.d.f.ip6.arpa"],
)
def test_a_virtual_address_of_either_family_has_a_name(name: str) -> None:
    assert values(reply(name, "PTR")) == ["reviews.shop.svc.cluster.local."]
    assert denial(name, "A")[0] == "NOERROR"


@pytest.mark.parametrize("name", ["1.0.0.10.in-addr.arpa", "x.in-addr.arpa", "arpa"])
def test_other_addresses_are_for_others_to_name(name: str) -> None:
    assert isinstance(ask(name, "PTR"), Forward)


def test_an_alias_of_something_outside_is_told_and_the_rest_asked_of_others() -> None:
    found = ask("outside.shop.mesh", "AAAA")
    assert isinstance(found, Forward)
    assert found.name.to_text() == "example.com."
    assert [one.to_text() for one in found.before] == [
        f"outside.shop.mesh. {MESH_TTL_S} IN CNAME example.com."
    ]
    assert values(reply("outside", "CNAME")) == ["example.com."]


def test_an_alias_of_something_in_the_mesh_is_answered_whole() -> None:
    assert values(reply("inside")) == ["reviews.shop.mesh.", "240.0.0.7"]
    assert dns.rcode.to_text(reply("inside", "TXT").rcode()) == "NOERROR"


def test_aliases_in_a_circle_end_in_an_error() -> None:
    assert reply("round").rcode() == dns.rcode.SERVFAIL


def test_any_gets_one_small_record_that_says_no() -> None:
    found = reply("reviews", "ANY")
    assert [rrset.rdtype for rrset in found.answer] == [dns.rdatatype.HINFO]
    assert values(found) == ['"RFC8482" ""']
    assert values(reply("outside", "ANY")) == ['"RFC8482" ""']


def test_localhost_is_this_host() -> None:
    assert values(reply("localhost")) == ["127.0.0.1"]
    assert values(reply("x.localhost", "AAAA")) == ["::1"]


def test_names_of_others_are_forwarded_as_they_are() -> None:
    assert ask("Example.com") == Forward(question("Example.com").message.question[0].name)
    assert isinstance(ask("reviews", zone=BANK), Forward)


def test_an_answer_names_the_resource_it_comes_from() -> None:
    found = ask("reviews")
    assert isinstance(found, Reply)
    assert found.origins == ("Service shop/reviews",)
    assert "virtual" in found.reason


def crowd(size: int) -> Zone:
    endpoints = tuple(
        NamedEndpoint(name=f"i-{i}", address=f"10.1.{i // 250}.{i % 250}", ports={"x": 1})
        for i in range(size)
    )
    return Zone("n", directory_of([HeadlessEntry(namespace="n", name="big", endpoints=endpoints)]))


def test_what_does_not_fit_into_a_datagram_is_cut_and_marked_and_fits_over_tcp() -> None:
    asked = question("big")
    found = answer(crowd(3000), asked)
    assert isinstance(found, Reply)
    small = render(found.message, udp_limit(asked.message))
    assert len(small) <= 1232
    assert small[2] & 0x02
    assert len(values(found.message)) == MOST_RECORDS
    whole = render(found.message, LARGEST)
    assert not whole[2] & 0x02


def test_only_what_never_changes_may_be_said_again_unread() -> None:
    assert isinstance(found := ask("reviews"), Reply)
    assert found.steady
    assert isinstance(found := ask("db"), Reply)
    assert not found.steady
    assert DIRECTORY.services
