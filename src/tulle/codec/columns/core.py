"""Columns of Kubernetes' own kinds. Secrets tell how much they hold, and nothing of what."""

from collections.abc import Mapping

from tulle.codec.columns.column import Cell, Column, joined, pairs
from tulle.model.kinds.core import ConfigMap, Namespace, Secret
from tulle.model.kinds.endpoint_slice import SERVICE_LABEL, EndpointSlice
from tulle.model.kinds.service import Service, ServicePort
from tulle.model.resources import Resource


def _address(service: Service) -> Cell:
    fixed = (service.spec.cluster_ip,) if service.spec.cluster_ip else ()
    return joined(fixed or service.status.virtual_addresses[:1])


def _port(port: ServicePort) -> str:
    return f"{port.port}/{port.app_protocol or port.protocol.lower()}"


CORE: Mapping[type[Resource], tuple[Column, ...]] = {
    Service: (
        Column(
            "Type",
            lambda r: r.spec.type,
            "ClusterIP, or ExternalName for another name.",
            ".spec.type",
        ),
        Column("Address", _address, "Its fixed address, else the one the mesh gave it."),
        Column("Ports", lambda r: joined(map(_port, r.spec.ports)), "Ports with their protocols."),
        Column(
            "Selector",
            lambda r: pairs(r.spec.selector.items()),
            "The labels of the workloads behind it.",
        ),
    ),
    Namespace: (
        Column(
            "Status",
            lambda r: r.status.phase,
            "Terminating while what is in it is being removed.",
            ".status.phase",
        ),
    ),
    EndpointSlice: (
        Column(
            "Service",
            lambda r: r.metadata.labels.get(SERVICE_LABEL, "-"),
            "The Service whose endpoints these are.",
        ),
        Column("AddressType", lambda r: r.address_type, "Family of the addresses.", ".addressType"),
        Column("Ports", lambda r: joined(str(port.port) for port in r.ports), "Their ports."),
        Column(
            "Endpoints",
            lambda r: joined(end.addresses[0] for end in r.endpoints if end.addresses),
            "Their addresses.",
        ),
    ),
    Secret: (
        Column("Type", lambda r: r.type, "What it is for.", ".type"),
        Column(
            "Data",
            lambda r: len({*r.data, *r.string_data}),
            "How many entries it has.",
            type="integer",
        ),
    ),
    ConfigMap: (
        Column(
            "Data",
            lambda r: len({*r.data, *r.binary_data}),
            "How many entries it has.",
            type="integer",
        ),
    ),
}
