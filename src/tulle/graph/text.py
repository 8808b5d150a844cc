"""The graph in plain values, ready for YAML: for goldens, and for `tulle translate --graph`.

Stable: ordered by key, defaults left out, one line for what is one thought.
"""

from collections.abc import Mapping

from tulle.graph.mesh import (
    Capture,
    Compiled,
    Destination,
    Endpoint,
    ExternalTarget,
    HeaderChanges,
    HttpMatch,
    HttpProxyPort,
    HttpRouting,
    HttpRule,
    InboundPort,
    MeshGraph,
    MeshSettings,
    OutboundPort,
    OutboundView,
    Permission,
    Principal,
    ResourceStatus,
    Routing,
    ServiceNode,
    ServicePort,
    Share,
    TcpRouting,
    View,
    VirtualPort,
    WorkloadNode,
)
from tulle.model.resources import Condition


def graph_object(graph: MeshGraph) -> dict[str, object]:
    """The whole resolved mesh."""
    return _filled(
        {
            "settings": _settings(graph.settings),
            "services": {str(ref): _service(node) for ref, node in graph.services.items()},
            "workloads": {str(ref): _workload(node) for ref, node in graph.workloads.items()},
        }
    )


def status_object(compiled: Compiled) -> dict[str, object]:
    """What resources are told: their statuses, and every problem as one line."""
    statuses = {str(status.key): _status(status) for status in compiled.statuses}
    return _filled({"statuses": statuses, "problems": [str(p) for p in compiled.problems]})


def view_object(view: View) -> dict[str, object]:
    """What one proxy needs."""
    return _filled(
        {
            "workload": str(view.workload.ref),
            "inbound": [_inbound(port) for port in view.workload.inbound],
            "outbound": [_outbound(port) for port in view.outbound],
            "httpProxy": _http_proxy(view.workload.http_proxy),
            "destinations": {_name(to): _destination(to) for to in view.destinations},
        }
    )


def _filled(fields: Mapping[str, object]) -> dict[str, object]:
    """Without what is empty; numbers stay, also 0."""
    return {name: value for name, value in fields.items() if value or type(value) in {int, float}}


def _settings(settings: MeshSettings) -> dict[str, object]:
    return _filled(
        {
            "trustDomain": settings.trust_domain,
            "roots": len(settings.trust_bundle),
            "certificateLifetime": settings.certificate_lifetime_s,
            "connectTimeout": settings.connect_timeout_s,
            "upstreamIdleTimeout": settings.upstream_idle_timeout_s,
            "connectionMaxAge": settings.connection_max_age_s,
            "drain": settings.drain_s,
            "passesStrangers": "" if settings.passes_strangers else "no",
        }
    )


def _service(node: ServiceNode) -> dict[str, object]:
    return _filled(
        {
            "origin": str(node.origin),
            "addresses": list(node.addresses),
            "workloads": [str(ref) for ref in node.workloads],
            "ports": [_port(port) for port in node.ports],
        }
    )


def _port(port: ServicePort) -> dict[str, object]:
    return _filled(
        {
            "port": port.destination.port,
            "name": port.name,
            **_destination(port.destination),
            "routing": _routing(port.routing),
            "consumerRouting": {
                namespace: _routing(routing) for namespace, routing in port.consumer_routing.items()
            },
        }
    )


def _name(to: Destination) -> str:
    instance = f"@{to.instance}" if to.instance else ""
    return f"{to.service}:{to.port}{instance}"


def _destination(to: Destination) -> dict[str, object]:
    return _filled(
        {
            "origin": to.origin.field,
            "protocol": str(to.protocol),
            "target": to.target_port,
            "accounts": [str(account) for account in to.accounts],
            "endpoints": [_endpoint(endpoint) for endpoint in to.endpoints],
            "external": _external(to.external) if to.external else None,
        }
    )


def _endpoint(endpoint: Endpoint) -> str:
    place = "/".join(filter(None, (endpoint.region, endpoint.zone)))
    words = (
        endpoint.place,
        "mtls" if endpoint.secure else "plaintext",
        str(endpoint.workload or ""),
        f"in {place}" if place else "",
        "as the last resort" if endpoint.last_resort else "",
    )
    return " ".join(filter(None, words))


def _external(target: ExternalTarget) -> dict[str, object]:
    return _filled(
        {
            "host": target.host,
            "port": target.port,
            "tls": target.tls,
            "sni": target.sni,
            "ca": target.ca_pem,
        }
    )


def _routing(routing: Routing) -> object:
    match routing:
        case HttpRouting(rules=rules):
            return [_rule(rule) for rule in rules]
        case TcpRouting(shares=shares):
            return [_share(share) for share in shares]


def _rule(rule: HttpRule) -> dict[str, object]:
    return _filled(
        {
            "origin": str(rule.origin),
            "name": rule.name,
            "match": _match(rule.match),
            **_changes(rule.request_headers, rule.response_headers),
            "timeout": rule.timeout_s,
            "backendTimeout": rule.backend_timeout_s,
            "shares": [_share(share) for share in rule.shares],
        }
    )


def _match(match: HttpMatch) -> str:
    words = (
        match.method,
        f"{match.path_type} {match.path}",
        *(f"header {one.name} {'~' if one.regex else '='} {one.value}" for one in match.headers),
        *(
            f"query {one.name} {'~' if one.regex else '='} {one.value}"
            for one in match.query_params
        ),
    )
    return ", ".join(filter(None, words))


def _share(share: Share) -> dict[str, object]:
    return _filled(
        {
            "to": f"{share.to.service}:{share.to.port}" if share.to else "nothing",
            "weight": share.weight,
            "origin": str(share.origin),
            **_changes(share.request_headers, share.response_headers),
        }
    )


def _changes(request: HeaderChanges, response: HeaderChanges) -> dict[str, object]:
    return {"requestHeaders": _header_lines(request), "responseHeaders": _header_lines(response)}


def _header_lines(changes: HeaderChanges) -> list[str]:
    return [
        *(f"set {name}: {value}" for name, value in changes.set),
        *(f"add {name}: {value}" for name, value in changes.add),
        *(f"remove {name}" for name in changes.remove),
    ]


def _workload(node: WorkloadNode) -> dict[str, object]:
    return _filled(
        {
            "origin": str(node.origin),
            "identity": str(node.identity),
            "address": node.address,
            "mtlsPort": node.mtls_port,
            "acceptsTraffic": "yes" if node.accepts_traffic else "no",
            "services": [str(ref) for ref in node.services],
            "inbound": [_inbound(port) for port in node.inbound],
            "outbound": [
                f"{port.service}:{port.port} on 127.0.0.1:{port.local_port} ({port.origin.field})"
                for port in node.outbound
            ],
            "httpProxy": _http_proxy(node.http_proxy),
            "capture": _capture(node.capture) if node.capture else None,
        }
    )


def _inbound(port: InboundPort) -> dict[str, object]:
    return _filled(
        {
            "port": port.port,
            "protocol": str(port.protocol),
            "targets": list(port.targets),
            "permission": _permission(port.permission),
            "plaintextPort": port.plaintext_port,
            "parseHttp": port.parse_http,
            "origin": port.origin.field,
        }
    )


def _http_proxy(port: HttpProxyPort | None) -> str:
    return f"127.0.0.1:{port.local_port} ({port.origin.field})" if port else ""


def _capture(capture: Capture) -> dict[str, object]:
    return _filled(
        {
            "mode": capture.mode,
            "outboundPort": capture.outbound_port,
            "inboundPort": capture.inbound_port,
            "families": "IPv4 and IPv6" if capture.ipv6 else "IPv4",
            "probes": [
                f"{one.port}: GET {one.path} of port {one.program_port}" for one in capture.probes
            ],
            "origin": capture.origin.field,
        }
    )


def _permission(permission: Permission) -> object:
    if not permission.guarded:
        return "everyone"
    return _filled(
        {
            "policies": [str(origin) for origin in permission.policies],
            "grants": [
                f"{_principal(grant.principal)} ({grant.origin})" for grant in permission.grants
            ],
            "epoch": permission.epoch or None,
        }
    )


def _principal(principal: Principal) -> str:
    match principal.kind:
        case "any":
            return "any identity"
        case "namespace":
            return f"namespace {principal.namespace}"
        case "account":
            return f"account {principal.namespace}/{principal.account}"


def _outbound(view: OutboundView) -> dict[str, object]:
    return _filled(
        {
            "service": f"{view.default.service}:{view.default.port}",
            **_place(view.port),
            "protocol": str(view.protocol),
            "routing": _routing(view.routing),
        }
    )


def _place(port: OutboundPort | VirtualPort) -> dict[str, object]:
    match port:
        case OutboundPort(local_port=local_port):
            return {"localPort": local_port}
        case VirtualPort(addresses=addresses, listens=listens, instance=instance):
            return {"addresses": list(addresses), "listens": listens, "instance": instance}


def _status(status: ResourceStatus) -> dict[str, object]:
    return _filled(
        {
            "conditions": [_condition(condition) for condition in status.conditions],
            "parents": [[_condition(one) for one in parent] for parent in status.parents],
            "virtualAddresses": list(status.virtual_addresses),
        }
    )


def _condition(condition: Condition) -> str:
    message = f": {condition.message}" if condition.message else ""
    return f"{condition.type}={condition.status} {condition.reason}{message}"
