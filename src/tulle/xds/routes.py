"""Routes: which requests go where, what is changed on the way, how long it may take."""

from collections.abc import Mapping

from tulle.graph.mesh import (
    DestinationRef,
    HeaderChanges,
    HttpMatch,
    HttpRouting,
    HttpRule,
    Share,
    StringMatch,
)
from tulle.xds import headers
from tulle.xds.names import MISSING, cluster_name
from tulle.xds.protos import (
    ClusterWeight,
    DirectResponseAction,
    Duration,
    HeaderMatcher,
    QueryParameterMatcher,
    RegexMatcher,
    Route,
    RouteAction,
    RouteConfiguration,
    RouteMatch,
    StringMatcher,
    VirtualHost,
    WeightedCluster,
)
from tulle.xds.values import duration, number

Hosts = Mapping[DestinationRef, str]
"""The host name that requests to a destination outside the mesh must carry."""


def route_configuration(
    name: str, routing: HttpRouting, default: DestinationRef, hosts: Hosts
) -> RouteConfiguration:
    """The routes of one listener. Without rules all goes to the service; with rules the rest is a 404."""
    rules = [_route(rule, hosts) for rule in routing.rules]
    routes = rules or [_everything(cluster_name(default), hosts.get(default))]
    host = VirtualHost(name=name, domains=["*"], routes=routes)
    return RouteConfiguration(name=name, virtual_hosts=[host])


def fixed_routes(cluster: str) -> RouteConfiguration:
    """Everything to one cluster."""
    host = VirtualHost(name=cluster, domains=["*"], routes=[_everything(cluster, None)])
    return RouteConfiguration(name=cluster, virtual_hosts=[host])


def clusters_in(routing: HttpRouting, default: DestinationRef) -> list[str]:
    """The clusters these routes name, each once."""
    if not routing.rules:
        return [cluster_name(default)]
    shares = [share for rule in routing.rules for share in rule.shares if share.weight > 0]
    return sorted({cluster_name(share.to) for share in shares if share.to is not None})


def _everything(cluster: str, host: str | None) -> Route:
    action = RouteAction(cluster=cluster, timeout=duration(0), host_rewrite_literal=host)
    return Route(match=RouteMatch(prefix="/"), route=action)


def _route(rule: HttpRule, hosts: Hosts) -> Route:
    route = Route(
        name=rule.name or str(rule.origin),
        match=_match(rule.match),
        response_headers_to_add=headers.options(rule.response_headers),
        response_headers_to_remove=headers.removed(rule.response_headers),
    )
    route.MergeFrom(_destination(rule, hosts))
    return route


def _destination(rule: HttpRule, hosts: Hosts) -> Route:
    """Where requests go, and what is changed in them."""
    shares = [share for share in rule.shares if share.weight > 0]
    match shares:
        case [Share(to=DestinationRef() as to) as only] if not _has_changes(only):
            action = RouteAction(
                cluster=cluster_name(to),
                timeout=_timeout(rule),
                host_rewrite_literal=hosts.get(to),
            )
            return Route(
                route=action,
                request_headers_to_add=headers.options(rule.request_headers),
                request_headers_to_remove=headers.removed(rule.request_headers),
            )
    if all(share.to is None for share in shares):
        return Route(direct_response=DirectResponseAction(status=500))
    return Route(route=_split(rule, shares, hosts))


def _split(rule: HttpRule, shares: list[Share], hosts: Hosts) -> RouteAction:
    weights = [_weight(share, rule.request_headers, hosts) for share in shares]
    action = RouteAction(
        weighted_clusters=WeightedCluster(clusters=weights), timeout=_timeout(rule)
    )
    if any(share.to is None for share in shares):
        # Gateway API asks for 500 where a backend does not exist.
        action.MergeFrom(RouteAction(cluster_not_found_response_code="INTERNAL_SERVER_ERROR"))
    return action


def _weight(share: Share, of_rule: HeaderChanges, hosts: Hosts) -> ClusterWeight:
    """The rule's changes of requests are repeated here: Envoy would apply them after the backend's own."""
    weight = number(share.weight)
    if share.to is None:
        return ClusterWeight(name=MISSING, weight=weight)
    steps = (of_rule, share.request_headers)
    return ClusterWeight(
        name=cluster_name(share.to),
        weight=weight,
        request_headers_to_add=headers.options(*steps),
        request_headers_to_remove=headers.removed(*steps),
        response_headers_to_add=headers.options(share.response_headers),
        response_headers_to_remove=headers.removed(share.response_headers),
        host_rewrite_literal=hosts.get(share.to),
    )


def _has_changes(share: Share) -> bool:
    return bool(share.request_headers or share.response_headers)


def _timeout(rule: HttpRule) -> Duration:
    """0 is no bound. There is one try, so what bounds a try bounds the request."""
    given = (rule.timeout_s, rule.backend_timeout_s)
    return duration(min((seconds for seconds in given if seconds), default=0.0))


def _match(match: HttpMatch) -> RouteMatch:
    method = [StringMatch(":method", match.method)] if match.method else []
    found = RouteMatch(
        headers=[
            HeaderMatcher(name=header.name, string_match=_string(header))
            for header in (*method, *match.headers)
        ],
        query_parameters=[
            QueryParameterMatcher(name=query.name, string_match=_string(query))
            for query in match.query_params
        ],
    )
    found.MergeFrom(_path(match))
    return found


def _path(match: HttpMatch) -> RouteMatch:
    match match.path_type:
        case "exact":
            return RouteMatch(path=match.path)
        case "regex":
            return RouteMatch(safe_regex=RegexMatcher(regex=match.path))
        case "prefix" if match.path == "/":
            return RouteMatch(prefix="/")
        case "prefix":
            return RouteMatch(path_separated_prefix=match.path)


def _string(match: StringMatch) -> StringMatcher:
    """Regular expressions match the whole value, as Envoy's always do."""
    if match.regex:
        return StringMatcher(safe_regex=RegexMatcher(regex=match.value))
    return StringMatcher(exact=match.value)
