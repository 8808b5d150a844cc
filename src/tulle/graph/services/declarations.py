"""What each port of each service is declared to speak: by the Service itself, else by the programs behind it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tulle.graph import protocols
from tulle.graph.mesh import DestinationRef, Protocol
from tulle.graph.notes import listing as in_words
from tulle.graph.notes import warning
from tulle.graph.services.catalogue import Catalogue, ListedPort, Listing, Source
from tulle.graph.services.selection import Selection, everyone
from tulle.model.names import ServiceRef
from tulle.model.problems import Problem


@dataclass(frozen=True, slots=True)
class Declarations:
    """The declared protocol of a port, None where nobody says: then its routes decide."""

    protocols: Mapping[DestinationRef, Protocol | None]
    problems: tuple[Problem, ...] = ()


def declare(catalogue: Catalogue, running: Selection, to_come: Selection) -> Declarations:
    """Look at every port; `to_come` are Processes, which speak before their Workloads exist."""
    found: dict[DestinationRef, Protocol | None] = {}
    problems: list[Problem] = []
    for listing in catalogue.listings.values():
        problems.extend(_selects_nothing(listing, running, to_come))
        for port in listing.ports:
            said = _said_by_programs(listing.ref, port, (running, to_come))
            found[DestinationRef(listing.ref, port.number)] = port.declared or protocols.least(said)
            problems.extend(_disagreement(listing, port, said))
    return Declarations(MappingProxyType(found), tuple(problems))


def _said_by_programs(
    service: ServiceRef, port: ListedPort, selections: tuple[Selection, ...]
) -> frozenset[Protocol]:
    ports = (program.port_at(port.target) for program in everyone(selections, service))
    return frozenset(found.declared for found in ports if found and found.declared)


def _disagreement(
    listing: Listing, port: ListedPort, said: frozenset[Protocol]
) -> Iterator[Problem]:
    if port.declared is None and len(said) > 1:
        yield warning(
            listing.origin.resource,
            f"{port.origin.field}.appProtocol",
            "protocol-disagreement",
            f"the workloads behind port {port.number} declare {in_words(sorted(said))}; "
            f"it is taken as {protocols.least(said)}",
            hint="set appProtocol here",
        )


def _selects_nothing(listing: Listing, running: Selection, to_come: Selection) -> Iterator[Problem]:
    if listing.source is Source.SELECTOR and not any(everyone((running, to_come), listing.ref)):
        labels = ", ".join(f"{label}={value}" for label, value in listing.selector)
        yield warning(
            listing.origin.resource,
            "spec.selector",
            "service-selects-nothing",
            f"no Workload or Process of {listing.ref.namespace!r} has the labels {labels}",
            hint="compare with theirs, or start them",
        )
