"""Services, read: what each is called, which ports it has, and where its endpoints come from.

A Listing holds nothing that changes with the health of workloads. `externals` makes those of things outside
the mesh; the catalogue holds all of them under one set of names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from tulle.graph import protocols
from tulle.graph.mesh import (
    DestinationRef,
    Endpoint,
    ExternalTarget,
    Origin,
    Protocol,
    ResourceStatus,
)
from tulle.graph.notes import listing as in_words
from tulle.graph.notes import origin_of, refused, warning
from tulle.graph.services.programs import unknown_protocol
from tulle.model.kinds.service import Service
from tulle.model.names import ServiceRef
from tulle.model.problems import Problem
from tulle.model.statuses import Reason

HEADLESS = "None"
"""What `clusterIP` says of a Service that has no address of its own."""


class Naming(StrEnum):
    """What the name of a service stands for: addresses of its own, its instances, or another name."""

    VIRTUAL = "virtual"
    HEADLESS = "headless"
    ALIAS = "alias"


class Source(StrEnum):
    """Where the endpoints of a service come from."""

    SELECTOR = "selector"
    SLICES = "slices"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class ListedPort:
    """A TCP port of a service. `target` is the port of the programs behind, by number or name.

    `declared` is what it is said to speak, None if nobody says. `external` and `endpoints` are set for
    services outside the mesh only.
    """

    number: int
    name: str
    declared: Protocol | None
    target: str
    origin: Origin
    external: ExternalTarget | None = None
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A Service or ExternalService. Routes attach to it if it `takes_routes`: it needs an address of its own."""

    ref: ServiceRef
    origin: Origin
    source: Source
    ports: tuple[ListedPort, ...]
    selector: tuple[tuple[str, str], ...] = ()
    takes_routes: bool = False
    naming: Naming = Naming.VIRTUAL
    alias: str = ""

    def port(self, number: int) -> ListedPort | None:
        """The port of that number."""
        return next((port for port in self.ports if port.number == number), None)

    def destinations(self) -> Iterator[DestinationRef]:
        """The names of its ports."""
        return (DestinationRef(self.ref, port.number) for port in self.ports)

    def ports_in_words(self) -> str:
        """`80 (http), 9090`, for messages."""
        words = (f"{p.number} ({p.name})" if p.name else str(p.number) for p in self.ports)
        return in_words(words) or "none"


@dataclass(frozen=True, slots=True)
class Listed:
    """A service as read, and what is odd about it."""

    listing: Listing
    status: ResourceStatus | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every service by name."""

    listings: Mapping[ServiceRef, Listing]

    def port(self, ref: DestinationRef) -> ListedPort | None:
        """The port a reference means, or None if there is none such."""
        found = self.listings.get(ref.service)
        return found.port(ref.port) if found else None

    def names_in(self, namespace: str) -> list[str]:
        """The services of a namespace, for suggestions."""
        return [ref.name for ref in self.listings if ref.namespace == namespace]


@dataclass(frozen=True, slots=True)
class Directory:
    """The catalogue, and what reading it brought up."""

    catalogue: Catalogue
    statuses: tuple[ResourceStatus, ...]
    problems: tuple[Problem, ...]


def catalogue_of(services: tuple[Listed, ...], externals: tuple[Listed, ...]) -> Directory:
    """All services under one set of names: a Service comes before an ExternalService of its name."""
    names = {listed.listing.ref for listed in services}
    doubles = [listed for listed in externals if listed.listing.ref in names]
    listings = [*(listed.listing for listed in (*externals, *services))]
    by_ref = {listing.ref: listing for listing in listings}
    return Directory(
        Catalogue(MappingProxyType({ref: by_ref[ref] for ref in sorted(by_ref)})),
        tuple(
            _taken_status(listed) if listed in doubles else listed.status
            for listed in externals
            if listed.status
        ),
        (
            *(problem for listed in (*services, *externals) for problem in listed.problems),
            *map(_taken, doubles),
        ),
    )


def _taken(listed: Listed) -> Problem:
    return warning(
        listed.listing.origin.resource,
        "metadata.name",
        "service-name-taken",
        f"there is a Service {listed.listing.ref} too, and it has the name",
        hint="give this one another name",
    )


def _taken_status(listed: Listed) -> ResourceStatus:
    origin = listed.listing.origin
    why = "a Service has this name"
    return ResourceStatus(origin.resource, (refused(origin, Reason.CONFLICTED, why),))


def read_service(service: Service) -> Listed:
    """What a Service declares; ports that the mesh does not carry are left out."""
    spec = service.spec
    outside = spec.type == "ExternalName"
    ports = tuple(_port(service, index) for index in _usable(service))
    if outside:
        ports = tuple(_to_outside(port, spec.external_name) for port in ports)
    listing = Listing(
        ref=ServiceRef(service.metadata.namespace, service.metadata.name),
        origin=origin_of(service),
        source=_source_of(service),
        ports=ports,
        selector=() if outside else tuple(sorted(spec.selector.items())),
        takes_routes=not outside and spec.cluster_ip != HEADLESS,
        naming=_naming_of(service),
        alias=spec.external_name.rstrip(".") if outside else "",
    )
    return Listed(listing, problems=tuple(_odd(service)))


def _naming_of(service: Service) -> Naming:
    if service.spec.type == "ExternalName":
        return Naming.ALIAS
    return Naming.HEADLESS if service.spec.cluster_ip == HEADLESS else Naming.VIRTUAL


def _source_of(service: Service) -> Source:
    if service.spec.type == "ExternalName":
        return Source.OUTSIDE
    return Source.SELECTOR if service.spec.selector else Source.SLICES


def _usable(service: Service) -> list[int]:
    """Places of the ports we carry, by number: TCP, each number once."""
    first: dict[int, int] = {}
    for index, port in enumerate(service.spec.ports):
        if port.protocol == "TCP":
            first.setdefault(port.port, index)
    return [first[number] for number in sorted(first)]


def _port(service: Service, index: int) -> ListedPort:
    spec = service.spec.ports[index]
    return ListedPort(
        number=spec.port,
        name=spec.name,
        declared=protocols.declared(spec.app_protocol, spec.name),
        target=str(spec.target_port or spec.port),
        origin=origin_of(service, f"spec.ports[{index}]"),
    )


def _to_outside(port: ListedPort, host: str) -> ListedPort:
    """An ExternalName's port leads to the named host; a port name means nothing there."""
    number = int(port.target) if port.target.isdigit() else port.number
    return replace(port, external=ExternalTarget(host, number) if host else None)


def _odd(service: Service) -> Iterator[Problem]:
    for index, port in enumerate(service.spec.ports):
        yield from unknown_protocol(service, f"spec.ports[{index}]", port.app_protocol)
