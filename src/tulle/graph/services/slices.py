"""EndpointSlices, read: endpoints somebody lists by hand, for Services without a selector.

An endpoint that names a Workload is reached through its proxy, over mutual TLS, or not at all: it never falls
back to plaintext. Everything else is taken as it is listed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tulle.graph.notes import did_you_mean, warning
from tulle.graph.services.catalogue import Catalogue, Source
from tulle.graph.services.programs import Program
from tulle.model.kinds.endpoint_slice import (
    SERVICE_LABEL,
    EndpointConditions,
    EndpointSlice,
    SliceEndpoint,
)
from tulle.model.kinds.workload import Workload
from tulle.model.names import ServiceRef, WorkloadRef
from tulle.model.problems import Problem

Programs = Mapping[WorkloadRef, Program]


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """An endpoint of a port, as listed: `port_name` pairs it with the Service's port of that name."""

    port_name: str
    address: str
    port: int
    zone: str
    ready: bool
    workload: WorkloadRef | None = None


@dataclass(frozen=True, slots=True)
class Slices:
    """Endpoints by service, ordered and each once."""

    entries: Mapping[ServiceRef, tuple[Entry, ...]]
    problems: tuple[Problem, ...] = ()

    def of(self, service: ServiceRef) -> tuple[Entry, ...]:
        """The endpoints listed for a service."""
        return self.entries.get(service, ())


def read_slices(
    slices: tuple[EndpointSlice, ...], catalogue: Catalogue, programs: Programs
) -> Slices:
    """Every slice under the service it belongs to; those that belong to none are said to be of no use."""
    entries: dict[ServiceRef, set[Entry]] = {}
    problems: list[Problem] = []
    for slice_ in slices:
        service = ServiceRef(
            slice_.metadata.namespace, slice_.metadata.labels.get(SERVICE_LABEL, "")
        )
        why_not = _unused(slice_, service, catalogue)
        if why_not or not service.name or slice_.address_type == "FQDN":
            problems.extend(filter(None, [why_not]))  # of the others decoding has told
            continue
        problems.extend(_odd(slice_, programs))
        entries.setdefault(service, set()).update(_entries(slice_, programs))
    ordered = {service: tuple(sorted(found, key=_order)) for service, found in entries.items()}
    return Slices(MappingProxyType(dict(sorted(ordered.items()))), tuple(problems))


def _order(entry: Entry) -> tuple[str, str, int, str]:
    return (entry.port_name, entry.address, entry.port, f"{entry.workload} {entry.ready}")


def _unused(slice_: EndpointSlice, service: ServiceRef, catalogue: Catalogue) -> Problem | None:
    found = catalogue.listings.get(service)
    if not service.name or (found and found.source is Source.SLICES):
        return None
    why = f"there is no Service {service}"
    if found:
        why = f"{service} has a selector" if found.selector else f"{service} is outside the mesh"
    return warning(
        slice_,
        f"metadata.labels[{SERVICE_LABEL}]",
        "endpoint-slice-unused",
        f"it is not used: {why}",
        hint=did_you_mean(service.name, catalogue.names_in(service.namespace)) if not found else "",
    )


def _entries(slice_: EndpointSlice, programs: Programs) -> Iterator[Entry]:
    for endpoint in slice_.endpoints:
        workload = _workload_of(slice_, endpoint)
        known = workload is None or workload in programs
        for port in slice_.ports:
            if endpoint.addresses and port.protocol == "TCP" and known:
                yield Entry(
                    port_name=port.name,
                    address=endpoint.addresses[0],
                    port=port.port,
                    zone=endpoint.zone,
                    ready=_is_ready(endpoint.conditions),
                    workload=workload,
                )


def _is_ready(conditions: EndpointConditions) -> bool:
    return conditions.ready is not False and conditions.terminating is not True


def _workload_of(slice_: EndpointSlice, endpoint: SliceEndpoint) -> WorkloadRef | None:
    target = endpoint.target_ref
    if target is None or target.kind != Workload.KIND:
        return None
    return WorkloadRef(target.namespace or slice_.metadata.namespace, target.name)


def _odd(slice_: EndpointSlice, programs: Programs) -> Iterator[Problem]:
    for index, endpoint in enumerate(slice_.endpoints):
        workload = _workload_of(slice_, endpoint)
        if workload and workload not in programs:
            yield warning(
                slice_,
                f"endpoints[{index}].targetRef",
                "endpoint-target-unknown",
                f"there is no Workload {workload}, so this endpoint gets nothing",
                hint=did_you_mean(
                    workload.name,
                    [ref.name for ref in programs if ref.namespace == workload.namespace],
                ),
            )
        elif workload:
            yield from _unknown_ports(slice_, index, programs[workload])


def _unknown_ports(slice_: EndpointSlice, index: int, program: Program) -> Iterator[Problem]:
    for port in slice_.ports:
        if program.port_at(str(port.port)) is None:
            yield warning(
                slice_,
                f"endpoints[{index}].targetRef",
                "target-port-unknown",
                f"Workload {program.ref} declares no port {port.port}, so its proxy does not serve it",
                hint="add it to spec.ports there, or list a port that is there",
            )
