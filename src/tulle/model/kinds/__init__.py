"""One file per kind. `ALL` is the only list of kinds; `BY_NAME` finds one by what users type."""

from tulle.model.kinds.access_policy import AccessPolicy
from tulle.model.kinds.core import ConfigMap, Namespace, Secret, ServiceAccount
from tulle.model.kinds.endpoint_slice import EndpointSlice
from tulle.model.kinds.external_service import ExternalService
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.process import Process
from tulle.model.kinds.service import Service
from tulle.model.kinds.tcp_route import TCPRoute
from tulle.model.kinds.tls_policy import TlsPolicy
from tulle.model.kinds.workload import Workload
from tulle.model.resources import Resource

ALL: tuple[type[Resource], ...] = (
    AccessPolicy,
    ConfigMap,
    EndpointSlice,
    ExternalService,
    HTTPRoute,
    Mesh,
    Namespace,
    Process,
    Secret,
    Service,
    ServiceAccount,
    TCPRoute,
    TlsPolicy,
    Workload,
)

BY_KIND: dict[str, type[Resource]] = {kind.KIND: kind for kind in ALL}

BY_NAME: dict[str, type[Resource]] = {
    name: kind for kind in ALL for name in (kind.KIND.lower(), kind.PLURAL, *kind.SHORT_NAMES)
}
