"""HTTPRoute of Gateway API v1.6: matches, weighted backends, header filters, timeouts."""

from typing import Annotated, ClassVar, Literal

import msgspec

from tulle.model.durations import Duration
from tulle.model.kinds.gateway_api import BackendRef, ParentRef, RouteStatus
from tulle.model.lists import AS_SET, keyed
from tulle.model.resources import Resource, Value

HeaderName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$", max_length=256)]
HeaderValue = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class PathMatch(Value, frozen=True, kw_only=True):
    """By whole elements for PathPrefix: `/v2` is no prefix of `/v2example`."""

    type: Literal["Exact", "PathPrefix", "RegularExpression"] = "PathPrefix"
    value: Annotated[str, msgspec.Meta(max_length=1024)] = "/"


class HeaderMatch(Value, frozen=True, kw_only=True):
    """Names ignore case; of several with one name the first counts."""

    name: HeaderName
    value: HeaderValue
    type: Literal["Exact", "RegularExpression"] = "Exact"


class QueryParamMatch(Value, frozen=True, kw_only=True):
    """Of several with one name the first counts."""

    name: HeaderName
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    type: Literal["Exact", "RegularExpression"] = "Exact"


class HTTPRouteMatch(Value, frozen=True, kw_only=True):
    """All of its parts must hold."""

    path: PathMatch = PathMatch()
    headers: Annotated[tuple[HeaderMatch, ...], msgspec.Meta(max_length=16), keyed("name")] = ()
    query_params: Annotated[
        tuple[QueryParamMatch, ...], msgspec.Meta(max_length=16), keyed("name")
    ] = ()
    method: (
        Literal["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]
        | None
    ) = None


class HTTPHeader(Value, frozen=True, kw_only=True):
    """A header to set or add."""

    name: HeaderName
    value: HeaderValue


class HeaderModifier(Value, frozen=True, kw_only=True):
    """Headers to overwrite, append and take away, in that order."""

    set: Annotated[tuple[HTTPHeader, ...], msgspec.Meta(max_length=16), keyed("name")] = ()
    add: Annotated[tuple[HTTPHeader, ...], msgspec.Meta(max_length=16), keyed("name")] = ()
    remove: Annotated[tuple[str, ...], msgspec.Meta(max_length=16), AS_SET] = ()


class HTTPRouteFilter(Value, frozen=True, kw_only=True):
    """One change on the way; the field named like `type` holds its settings."""

    type: Literal["RequestHeaderModifier", "ResponseHeaderModifier"]
    request_header_modifier: HeaderModifier | None = None
    response_header_modifier: HeaderModifier | None = None


class HTTPBackendRef(BackendRef, frozen=True, kw_only=True):
    """A backend with changes of its own."""

    filters: Annotated[tuple[HTTPRouteFilter, ...], msgspec.Meta(max_length=16)] = ()


class HTTPRouteTimeouts(Value, frozen=True, kw_only=True):
    """`request` bounds all tries together, `backend_request` each; `0s` means none."""

    request: Duration | None = None
    backend_request: Duration | None = None


class HTTPRouteRule(Value, frozen=True, kw_only=True):
    """Requests that any of the matches takes go to the backends, by weight."""

    name: str = ""
    matches: Annotated[tuple[HTTPRouteMatch, ...], msgspec.Meta(max_length=64)] = (
        HTTPRouteMatch(),
    )
    filters: Annotated[tuple[HTTPRouteFilter, ...], msgspec.Meta(max_length=16)] = ()
    backend_refs: Annotated[tuple[HTTPBackendRef, ...], msgspec.Meta(max_length=16)] = ()
    timeouts: HTTPRouteTimeouts = HTTPRouteTimeouts()


class HTTPRouteSpec(Value, frozen=True, kw_only=True):
    """Where it attaches and what it does. `hostnames` have no meaning for Service parents (GAMMA)."""

    parent_refs: Annotated[tuple[ParentRef, ...], msgspec.Meta(max_length=32)] = ()
    hostnames: Annotated[tuple[str, ...], msgspec.Meta(max_length=16)] = ()
    rules: Annotated[tuple[HTTPRouteRule, ...], msgspec.Meta(min_length=1, max_length=16)] = (
        HTTPRouteRule(),
    )


class HTTPRoute(Resource, frozen=True, kw_only=True):
    """How HTTP requests to its parents are routed."""

    KIND: ClassVar[str] = "HTTPRoute"
    API_VERSION: ClassVar[str] = "gateway.networking.k8s.io/v1"
    PLURAL: ClassVar[str] = "httproutes"

    spec: HTTPRouteSpec = HTTPRouteSpec()
    status: RouteStatus = RouteStatus()
