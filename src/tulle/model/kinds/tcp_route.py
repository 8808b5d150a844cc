"""TCPRoute of Gateway API v1.6: connections split over backends by weight."""

from typing import Annotated, ClassVar

import msgspec

from tulle.model.kinds.gateway_api import BackendRef, ParentRef, RouteStatus
from tulle.model.resources import Resource, Value


class TCPRouteRule(Value, frozen=True, kw_only=True):
    """The backends of every connection."""

    backend_refs: Annotated[tuple[BackendRef, ...], msgspec.Meta(min_length=1, max_length=16)]
    name: str = ""


class TCPRouteSpec(Value, frozen=True, kw_only=True):
    """Where it attaches, and its one rule."""

    rules: Annotated[tuple[TCPRouteRule, ...], msgspec.Meta(min_length=1, max_length=1)]
    parent_refs: Annotated[tuple[ParentRef, ...], msgspec.Meta(max_length=32)] = ()


class TCPRoute(Resource, frozen=True, kw_only=True):
    """How connections to its parents are routed."""

    KIND: ClassVar[str] = "TCPRoute"
    API_VERSION: ClassVar[str] = "gateway.networking.k8s.io/v1"
    PLURAL: ClassVar[str] = "tcproutes"

    spec: TCPRouteSpec
    status: RouteStatus = RouteStatus()
