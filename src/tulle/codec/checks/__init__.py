"""Rules a schema cannot say, one file per kind; each yields every problem it finds.

The last step of decoding, on resources that already have the right shape. A rule sees one resource: what
needs two of them (does the backend exist?) is the compiler's to find out, and the status tells it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tulle.codec.checks import (
    access_policy,
    core,
    endpoint_slice,
    external_service,
    http_route,
    mesh,
    metadata,
    process,
    service,
    tcp_route,
    tls_policy,
    workload,
)
from tulle.model.kinds.access_policy import AccessPolicy
from tulle.model.kinds.core import ConfigMap, Namespace, Secret
from tulle.model.kinds.endpoint_slice import EndpointSlice
from tulle.model.kinds.external_service import ExternalService
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.process import Process
from tulle.model.kinds.service import Service
from tulle.model.kinds.tcp_route import TCPRoute
from tulle.model.kinds.tls_policy import TlsPolicy
from tulle.model.kinds.workload import Workload
from tulle.model.problems import Problem
from tulle.model.resources import Resource

_RULES: Mapping[type[Resource], Callable[[Any], Iterator[Problem]]] = {
    AccessPolicy: access_policy.check,
    ConfigMap: core.check_config_map,
    EndpointSlice: endpoint_slice.check,
    ExternalService: external_service.check,
    HTTPRoute: http_route.check,
    Mesh: mesh.check,
    Namespace: core.check_namespace,
    Process: process.check,
    Secret: core.check_secret,
    Service: service.check,
    TCPRoute: tcp_route.check,
    TlsPolicy: tls_policy.check,
    Workload: workload.check,
}


def check(resource: Resource) -> Iterator[Problem]:
    """Everything wrong with a resource of the right shape; problems carry its key."""
    for rules in (metadata.check, _RULES.get(type(resource))):
        if rules is not None:
            for problem in rules(resource):
                yield replace(problem, resource=resource.key)
