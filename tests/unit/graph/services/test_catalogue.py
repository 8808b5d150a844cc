"""Services, read."""

import msgspec

from tulle.graph.mesh import DestinationRef, ExternalTarget
from tulle.graph.services.catalogue import Source, catalogue_of, read_service
from tulle.graph.services.externals import read_external
from tulle.model.kinds.external_service import ExternalPort
from tulle.model.kinds.service import ServicePort
from tulle.model.names import ServiceRef
from tulle.testing.builders import external, port, service


def test_a_target_port_is_kept_as_written_and_is_the_port_itself_by_default() -> None:
    listing = read_service(
        service("api", port(80, target="web"), port(81), port(82, target=9))
    ).listing

    assert [found.target for found in listing.ports] == ["web", "81", "9"]
    assert listing.source is Source.SELECTOR
    assert listing.takes_routes


def test_only_tcp_ports_are_part_of_the_mesh() -> None:
    dns = ServicePort(port=53, protocol="UDP", name="dns")

    listing = read_service(service("api", dns, port(53, name="dns-tcp"))).listing

    assert [(found.number, found.origin.field) for found in listing.ports] == [
        (53, "spec.ports[1]")
    ]


def test_a_headless_service_takes_no_routes_and_one_without_a_selector_has_slices() -> None:
    assert not read_service(service("api", cluster_ip="None")).listing.takes_routes
    assert read_service(service("api", selector={})).listing.source is Source.SLICES


def test_an_external_name_leads_outside() -> None:
    legacy = service("legacy", port(80, target=8080), port(81, target="web"))
    spec = msgspec.structs.replace(legacy.spec, type="ExternalName", external_name="old.example")

    listing = read_service(msgspec.structs.replace(legacy, spec=spec)).listing

    assert listing.source is Source.OUTSIDE
    assert [found.external for found in listing.ports] == [
        ExternalTarget("old.example", 8080),
        ExternalTarget("old.example", 81),
    ]
    nowhere = msgspec.structs.replace(spec, external_name="")
    without = read_service(msgspec.structs.replace(legacy, spec=nowhere)).listing
    assert [found.external for found in without.ports] == [None, None]


def test_a_protocol_nobody_knows_is_told_with_a_suggestion() -> None:
    (problem,) = read_service(service("api", port(80, "htpp"))).problems

    assert (problem.path, problem.code) == ("spec.ports[0].appProtocol", "app-protocol-unknown")
    assert "http" in problem.hint


def test_a_service_comes_before_an_external_service_of_its_name() -> None:
    ours = read_service(service("pay"))
    theirs = read_external(external("pay", ExternalPort(port=443), host="pay.example"), ())

    directory = catalogue_of((ours,), (theirs,))

    ref = ServiceRef("shop", "pay")
    assert directory.catalogue.listings[ref] is ours.listing
    assert [problem.code for problem in directory.problems] == ["service-name-taken"]
    assert directory.statuses[0].conditions[0].reason == "Conflicted"
    assert directory.catalogue.port(DestinationRef(ref, 443)) is None
    assert directory.catalogue.port(DestinationRef(ref, 80)) is not None
