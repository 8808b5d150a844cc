"""Backends of routes: each reference resolved to a destination of the graph, or to the reason why not."""

from collections.abc import Iterator
from dataclasses import dataclass

from tulle.graph.mesh import DestinationRef, Protocol
from tulle.graph.notes import did_you_mean
from tulle.graph.services.catalogue import Catalogue, Listing
from tulle.graph.services.declarations import Declarations
from tulle.model.kinds.external_service import ExternalService
from tulle.model.kinds.gateway_api import BackendRef
from tulle.model.kinds.service import Service
from tulle.model.names import ServiceRef
from tulle.model.statuses import Reason

CORE_GROUPS = frozenset({"", "core"})
"""How people write the group of Kubernetes' own kinds."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something a route says does not hold: a condition's reason and message, and the problem to tell.

    `code` is "" where decoding has told it already: it needs no other resource to be seen.
    """

    reason: Reason
    message: str
    field: str = ""
    code: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Backends:
    """Resolves references of routes. Mesh routes may name services of any namespace."""

    catalogue: Catalogue
    declarations: Declarations

    def resolve(
        self, ref: BackendRef, namespace: str, *, speaks_http: bool
    ) -> DestinationRef | Refusal:
        """The destination meant; `namespace` is the route's, `speaks_http` whether requests are sent there."""
        service = ServiceRef(ref.namespace or namespace, ref.name)
        listing = self.catalogue.listings.get(service)
        wrong = _wrong_kind(ref) or self._missing(ref, service, listing)
        if wrong or ref.port is None:
            return wrong or Refusal(Reason.BACKEND_NOT_FOUND, f"the port of {service} is missing")
        to = DestinationRef(service, ref.port)
        if speaks_http and self.declarations.protocols[to] is Protocol.TCP:
            return _speaks_tcp(to)
        return to

    def _missing(
        self, ref: BackendRef, service: ServiceRef, listing: Listing | None
    ) -> Refusal | None:
        if listing is None or listing.origin.resource.kind != ref.kind:
            return Refusal(
                Reason.BACKEND_NOT_FOUND,
                f"there is no {ref.kind} {service}, so its share of the requests fails",
                ".name",
                "route-backend-unknown",
                did_you_mean(ref.name, self.catalogue.names_in(service.namespace)),
            )
        if ref.port is not None and listing.port(ref.port) is None:
            return Refusal(
                Reason.BACKEND_NOT_FOUND,
                f"{ref.kind} {service} has no port {ref.port}, so its share of the requests fails",
                ".port",
                "route-backend-unknown",
                f"its ports are {listing.ports_in_words()}",
            )
        return None


def _wrong_kind(ref: BackendRef) -> Refusal | None:
    if ref.kind == Service.KIND and ref.group in CORE_GROUPS:
        return None
    if ref.kind == ExternalService.KIND and f"{ref.group}/v1" == ExternalService.API_VERSION:
        return None
    return Refusal(
        Reason.INVALID_KIND,
        f"{ref.kind} of group {ref.group!r} is no backend, so its share of the requests fails",
        ".kind",
        "route-backend-kind",
        'use kind Service with group "", or kind ExternalService with group tulle.dev',
    )


def _speaks_tcp(to: DestinationRef) -> Refusal:
    return Refusal(
        Reason.UNSUPPORTED_PROTOCOL,
        f"port {to.port} of {to.service} is declared to carry bytes (tcp), no requests",
        ".port",
        "route-backend-protocol",
        "declare appProtocol: http, http2 or grpc there",
    )


def undeclared(
    backends: Backends, found: tuple[DestinationRef, ...], namespace: str
) -> Iterator[DestinationRef]:
    """Destinations of a namespace whose protocol nobody declares: a route of that namespace decides it.

    A route of another namespace does not: it must not change what others' callers speak.
    """
    for to in found:
        if to.service.namespace == namespace and backends.declarations.protocols[to] is None:
            yield to
