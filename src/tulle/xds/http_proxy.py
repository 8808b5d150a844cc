"""Upstreams by name: the routes of the loopback port that programs use as their HTTP_PROXY.

A request in absolute form and a CONNECT both name who they are for. That name chooses an upstream's internal
listener, which holds the chain of its loopback listener: filters, routes and metrics are the same. What is no
declared upstream is answered, never sent on.
"""

from collections.abc import Sequence

from tulle.graph.http_proxy import authorities
from tulle.graph.mesh import DestinationRef, HttpProxyPort, OutboundPort
from tulle.model.names import WorkloadRef
from tulle.xds import listeners
from tulle.xds.names import HTTP_PROXY, cluster_name, named_upstream
from tulle.xds.parts import Part
from tulle.xds.protos import (
    ConnectConfig,
    ConnectMatcher,
    DataSource,
    DirectResponseAction,
    Route,
    RouteAction,
    RouteConfiguration,
    RouteMatch,
    RouteUpgrade,
    VirtualHost,
)
from tulle.xds.resources import resource_of
from tulle.xds.snapshots import Reference, TypeUrl
from tulle.xds.values import duration

_MOST_NAMED = 12
"""Upstreams an answer lists: Envoy takes no more than 4,096 bytes of it."""
_CONNECT = RouteMatch(connect_matcher=ConnectMatcher())
_REQUEST = RouteMatch(prefix="/")


def part(workload: WorkloadRef, port: HttpProxyPort, ports: Sequence[OutboundPort]) -> Part:
    """The listener and its routes."""
    listener = listeners.http_proxy_listener(port)
    routes = route_configuration(workload, ports)
    resources = (
        (TypeUrl.LISTENER, resource_of(HTTP_PROXY, listener, port.origin)),
        (TypeUrl.ROUTE, resource_of(HTTP_PROXY, routes, port.origin)),
    )
    inner = [named_upstream(DestinationRef(one.service, one.port)) for one in ports]
    references = (
        Reference(HTTP_PROXY, TypeUrl.ROUTE, HTTP_PROXY),
        *(Reference(HTTP_PROXY, TypeUrl.CLUSTER, name) for name in inner),
        *(Reference(HTTP_PROXY, TypeUrl.LISTENER, name) for name in inner),
    )
    return Part(resources, references)


def route_configuration(workload: WorkloadRef, ports: Sequence[OutboundPort]) -> RouteConfiguration:
    """One virtual host per upstream, and one that answers for everybody else."""
    by_name = authorities(ports, workload.namespace)
    hosts = [_upstream(to, names) for to, names in by_name.items()]
    return RouteConfiguration(name=HTTP_PROXY, virtual_hosts=[*hosts, _nobody(workload, ports)])


def _upstream(to: DestinationRef, names: Sequence[str]) -> VirtualHost:
    """The chain behind bounds the time of requests, where somebody asked for it."""
    cluster = named_upstream(to)
    action = RouteAction(cluster=cluster, timeout=duration(0))
    tunnel = RouteAction(
        cluster=cluster,
        timeout=duration(0),
        upgrade_configs=[RouteUpgrade(upgrade_type="CONNECT", connect_config=ConnectConfig())],
    )
    routes = [Route(match=_CONNECT, route=tunnel), Route(match=_REQUEST, route=action)]
    return VirtualHost(name=cluster_name(to), domains=names, routes=routes)


def _nobody(workload: WorkloadRef, ports: Sequence[OutboundPort]) -> VirtualHost:
    text = DataSource(inline_string=_explanation(workload, ports))
    answer = DirectResponseAction(status=404, body=text)
    routes = [Route(match=match, direct_response=answer) for match in (_CONNECT, _REQUEST)]
    return VirtualHost(name="nobody", domains=["*"], routes=routes)


def _explanation(workload: WorkloadRef, ports: Sequence[OutboundPort]) -> str:
    named = [f"{one.service.name}.{one.service.namespace}:{one.port}" for one in ports]
    more = len(named) - _MOST_NAMED
    listed = ", ".join(named[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return (
        f"No upstream of {workload} has this name and port. "
        f"It declares {listed or 'none'}. "
        "Declare another with `tulle run --upstream NAME:PORT` or in spec.upstreams of its Process; "
        "put hosts outside the mesh into NO_PROXY, or declare an ExternalService.\n"
    )
