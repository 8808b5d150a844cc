"""What `tulle get` shows of each kind, in a line."""

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from tulle.cli.output import mapping_text
from tulle.model.kinds.access_policy import AccessPolicy
from tulle.model.kinds.endpoint_slice import SERVICE_LABEL, EndpointSlice
from tulle.model.kinds.external_service import ExternalService
from tulle.model.kinds.gateway_api import BackendRef, ParentRef, RouteStatus
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.policies import PolicyStatus, PolicyTargetRef
from tulle.model.kinds.process import Process
from tulle.model.kinds.service import Service
from tulle.model.kinds.tcp_route import TCPRoute
from tulle.model.kinds.tls_policy import TlsPolicy
from tulle.model.kinds.workload import Workload
from tulle.model.resources import Condition, Resource

Cells = tuple[tuple[str, str], ...]
"""Headers with what stands under them. Those that begin with `+` are for `-o wide`."""


def cells_of(resource: Resource, *, wide: bool) -> dict[str, str]:
    """What to show of a resource beside name and age, by header and in order."""
    make = _COLUMNS.get(resource.KIND)
    cells = make(resource) if make else ()
    return {
        header.lstrip("+"): text for header, text in cells if wide or not header.startswith("+")
    }


def _workload(resource: Workload) -> Cells:
    proxy = resource.status.proxy
    return (
        ("READY", condition(resource.status.conditions, "Ready")),
        ("ACCOUNT", resource.spec.service_account_name),
        ("ADDRESS", resource.spec.address),
        ("PORTS", _joined(f"{port.name or '-'}={port.port}" for port in resource.spec.ports)),
        ("+MTLS PORT", str(proxy.mtls_port) if proxy else "-"),
        ("+LABELS", mapping_text(resource.metadata.labels.items())),
    )


def _process(resource: Process) -> Cells:
    spec = resource.spec
    return (
        ("REPLICAS", str(spec.replicas)),
        ("ACCOUNT", spec.service_account_name),
        ("UPSTREAMS", _joined(f"{up.service}:{up.port}" for up in spec.upstreams)),
        ("+COMMAND", " ".join(spec.command) or "-"),
    )


def _service(resource: Service) -> Cells:
    spec = resource.spec
    fixed = (spec.cluster_ip,) if spec.cluster_ip else ()
    return (
        ("ADDRESS", _joined(fixed or resource.status.virtual_addresses[:1])),
        ("PORTS", _joined(f"{port.port}/{port.app_protocol or 'tcp'}" for port in spec.ports)),
        ("SELECTOR", mapping_text(spec.selector.items())),
    )


def _external_service(resource: ExternalService) -> Cells:
    spec = resource.spec
    return (
        ("HOST", spec.host or _joined(spec.addresses)),
        ("PORTS", _joined(f"{port.port}{'/tls' if port.tls else ''}" for port in spec.ports)),
    )


def _endpoint_slice(resource: EndpointSlice) -> Cells:
    return (
        ("SERVICE", resource.metadata.labels.get(SERVICE_LABEL, "-")),
        ("PORTS", _joined(str(port.port) for port in resource.ports)),
        ("ENDPOINTS", _joined(end.addresses[0] for end in resource.endpoints if end.addresses)),
    )


def _http_route(resource: HTTPRoute) -> Cells:
    backends = [ref for rule in resource.spec.rules for ref in rule.backend_refs]
    return _route(resource.spec.parent_refs, backends, resource.status)


def _tcp_route(resource: TCPRoute) -> Cells:
    backends = [ref for rule in resource.spec.rules for ref in rule.backend_refs]
    return _route(resource.spec.parent_refs, backends, resource.status)


def _route(
    parents: Iterable[ParentRef], backends: Iterable[BackendRef], status: RouteStatus
) -> Cells:
    conditions = [c for parent in status.parents for c in parent.conditions]
    return (
        ("PARENTS", _joined(parent.name for parent in parents)),
        ("BACKENDS", _joined(f"{ref.name}:{ref.port}*{ref.weight}" for ref in backends)),
        ("ACCEPTED", worst(conditions, "Accepted")),
        ("RESOLVED", worst(conditions, "ResolvedRefs")),
    )


def _access_policy(resource: AccessPolicy) -> Cells:
    sources = [source for rule in resource.spec.rules for source in rule.from_]
    callers = [
        *(account for source in sources for account in source.service_accounts),
        *(f"{namespace}/*" for source in sources for namespace in source.namespaces),
    ]
    anyone = "*" if any(not rule.from_ for rule in resource.spec.rules) else ""
    return (
        ("ACTION", resource.spec.action),
        ("TARGETS", _targets(resource.spec.target_refs)),
        ("CALLERS", anyone or _joined(callers)),
        ("ACCEPTED", _accepted(resource.status)),
    )


def _tls_policy(resource: TlsPolicy) -> Cells:
    return (
        ("MODE", resource.spec.mode),
        ("TARGETS", _targets(resource.spec.target_refs)),
        ("ACCEPTED", _accepted(resource.status)),
    )


def _mesh(resource: Mesh) -> Cells:
    return (
        ("TRUST DOMAIN", resource.spec.trust_domain),
        ("CERTIFICATES", resource.spec.certificates.lifetime),
    )


def condition(conditions: Iterable[Condition], type_: str) -> str:
    """Status of a condition, with its reason where it is not True; `-` where there is none."""
    for found in conditions:
        if found.type == type_:
            return found.status if found.status == "True" else f"{found.status} ({found.reason})"
    return "-"


def worst(conditions: Iterable[Condition], type_: str) -> str:
    """As `condition`, of the worst of several."""
    ordered = sorted(conditions, key=lambda c: c.status == "True")
    return condition(ordered, type_)


def _accepted(status: PolicyStatus) -> str:
    return condition(status.conditions, "Accepted")


def _targets(refs: Iterable[PolicyTargetRef]) -> str:
    return _joined(f"{ref.kind}/{ref.name}" for ref in refs) if refs else "Namespace"


def _joined(parts: Iterable[str]) -> str:
    return ",".join(parts) or "-"


def _column(kind: type[Resource], make: object) -> tuple[str, Callable[[Resource], Cells]]:
    # Each function takes its own kind; the table hands it nothing else.
    return kind.KIND, cast(Callable[[Resource], Cells], make)


_COLUMNS: Mapping[str, Callable[[Resource], Cells]] = dict(
    (
        _column(AccessPolicy, _access_policy),
        _column(EndpointSlice, _endpoint_slice),
        _column(ExternalService, _external_service),
        _column(HTTPRoute, _http_route),
        _column(Mesh, _mesh),
        _column(Process, _process),
        _column(Service, _service),
        _column(TCPRoute, _tcp_route),
        _column(TlsPolicy, _tls_policy),
        _column(Workload, _workload),
    )
)
