"""Parents of routes: which ports of which Service a route attaches to, and why not to others."""

from dataclasses import dataclass

from tulle.graph.mesh import DestinationRef, Protocol
from tulle.graph.notes import did_you_mean
from tulle.graph.notes import listing as in_words
from tulle.graph.routing.shares import Route
from tulle.graph.services.backends import CORE_GROUPS, Backends, Refusal
from tulle.graph.services.catalogue import ListedPort, Listing, Source
from tulle.model.kinds.gateway_api import ParentRef
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.service import Service
from tulle.model.names import ServiceRef
from tulle.model.statuses import Reason

PRODUCER = ""
"""The audience of a Service's own routes: every caller for whom no consumer route stands."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One port one parent of a route asks for. `audience` is the namespace whose callers it is for, or PRODUCER."""

    route: Route
    parent: int
    to: DestinationRef
    audience: str


@dataclass(frozen=True, slots=True)
class Attached:
    """What one parent gives: ports, or why not; `note` names ports left out."""

    ports: tuple[Attachment, ...] = ()
    refusal: Refusal | None = None
    note: str = ""


def attach(route: Route, parent: int, backends: Backends) -> Attached:
    """The ports the parent at this place asks for."""
    ref = route.spec.parent_refs[parent]
    service = ServiceRef(ref.namespace or route.metadata.namespace, ref.name)
    if ref.kind != Service.KIND or ref.group not in CORE_GROUPS:
        return Attached(refusal=_not_a_service(ref))
    listing = backends.catalogue.listings.get(service)
    if listing is None or listing.origin.resource.kind != Service.KIND:
        return Attached(refusal=_unknown(service, backends))
    if not listing.takes_routes:
        return Attached(refusal=_without_address(listing))
    wanted = [port for port in listing.ports if _is_meant(port, ref)]
    if not wanted:
        return Attached(refusal=_no_such_port(ref, listing))
    return _attach_to(route, parent, listing, wanted, backends)


def _is_meant(port: ListedPort, ref: ParentRef) -> bool:
    return ref.port in {None, port.number} and ref.section_name in {"", port.name}


def _attach_to(
    route: Route, parent: int, listing: Listing, wanted: list[ListedPort], backends: Backends
) -> Attached:
    fit = [port for port in wanted if _fits(route, listing, port, backends)]
    unfit = [port for port in wanted if port not in fit]
    if not fit:
        return Attached(refusal=_speaks_tcp(listing, unfit))
    own = route.metadata.namespace == listing.ref.namespace
    audience = PRODUCER if own else route.metadata.namespace
    ports = tuple(
        Attachment(route, parent, DestinationRef(listing.ref, port.number), audience)
        for port in fit
    )
    note = f"not port {in_words(port.number for port in unfit)}, which speaks tcp" if unfit else ""
    return Attached(ports, note=note)


def _fits(route: Route, listing: Listing, port: ListedPort, backends: Backends) -> bool:
    """Connections can be split whatever they carry; requests need a port that is not declared to be TCP."""
    declared = backends.declarations.protocols[DestinationRef(listing.ref, port.number)]
    return not isinstance(route, HTTPRoute) or declared is not Protocol.TCP


def _not_a_service(ref: ParentRef) -> Refusal:
    message = f"{ref.kind} of group {ref.group!r} is nothing this mesh attaches routes to"
    return Refusal(Reason.NO_MATCHING_PARENT, message)


def _unknown(service: ServiceRef, backends: Backends) -> Refusal:
    return Refusal(
        Reason.NO_MATCHING_PARENT,
        f"there is no Service {service}, so the route does nothing there",
        ".name",
        "route-parent-unknown",
        did_you_mean(service.name, backends.catalogue.names_in(service.namespace)),
    )


def _without_address(listing: Listing) -> Refusal:
    what = "of type ExternalName" if listing.source is Source.OUTSIDE else "headless"
    return Refusal(
        Reason.UNSUPPORTED_VALUE,
        f"Service {listing.ref} is {what}: it has no address of its own that requests could be routed at",
        ".name",
        "route-parent-without-address",
        "attach the route to a Service with an address",
    )


def _no_such_port(ref: ParentRef, listing: Listing) -> Refusal:
    number = f" {ref.port}" if ref.port else ""
    name = f" named {ref.section_name!r}" if ref.section_name else ""
    return Refusal(
        Reason.NO_MATCHING_PARENT,
        f"Service {listing.ref} has no port{number}{name}",
        ".sectionName" if ref.section_name else ".port",
        "route-port-unknown",
        f"its ports are {listing.ports_in_words()}",
    )


def _speaks_tcp(listing: Listing, ports: list[ListedPort]) -> Refusal:
    numbers = in_words(port.number for port in ports)
    return Refusal(
        Reason.UNSUPPORTED_VALUE,
        f"port {numbers} of {listing.ref} is declared to carry bytes (tcp), no requests",
        ".port",
        "route-protocol-mismatch",
        "declare appProtocol: http there, or use a TCPRoute",
    )
