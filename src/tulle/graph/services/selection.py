"""Which programs stand behind which service: by label selector, within one namespace."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tulle.graph.services.catalogue import Catalogue, Listing
from tulle.graph.services.programs import Program
from tulle.model.names import ServiceRef

Labelled = Mapping[tuple[str, str, str], tuple[Program, ...]]
"""Programs by namespace, label and value."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The programs of each service that selects some, ordered."""

    programs: Mapping[ServiceRef, tuple[Program, ...]]

    def behind(self, service: ServiceRef) -> tuple[Program, ...]:
        """The programs of a service."""
        return self.programs.get(service, ())


def select(catalogue: Catalogue, programs: tuple[Program, ...]) -> Selection:
    """The programs each selector takes; a service without one takes none."""
    labelled = _by_label(programs)
    chosen = {
        listing.ref: _selected(listing, labelled)
        for listing in catalogue.listings.values()
        if listing.selector
    }
    return Selection(MappingProxyType(chosen))


def _by_label(programs: Iterable[Program]) -> Labelled:
    index: dict[tuple[str, str, str], list[Program]] = {}
    for program in programs:
        for label, value in program.labels.items():
            index.setdefault((program.ref.namespace, label, value), []).append(program)
    return {key: tuple(found) for key, found in index.items()}


def _selected(listing: Listing, labelled: Labelled) -> tuple[Program, ...]:
    """Starting from the rarest of the labels, so that a label everybody has costs nothing."""
    namespace = listing.ref.namespace
    candidates = min(
        (labelled.get((namespace, label, value), ()) for label, value in listing.selector), key=len
    )
    return tuple(program for program in candidates if _matches(listing, program))


def _matches(listing: Listing, program: Program) -> bool:
    return all(program.labels.get(label) == value for label, value in listing.selector)


def everyone(selections: Iterable[Selection], service: ServiceRef) -> Iterator[Program]:
    """The programs behind a service in several selections: those that run and those declared to."""
    for selection in selections:
        yield from selection.behind(service)
