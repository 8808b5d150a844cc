"""HTTP connection manager: the end of a chain where requests are seen.

Made to be noticed as little as possible: names, paths and headers pass as they came, but for dot segments,
which are resolved so that a path rule cannot be walked around.
"""

from collections.abc import Sequence

from tulle.xds.protos import (
    Filter,
    Http1ProtocolOptions,
    Http2ProtocolOptions,
    HttpConnectionManager,
    HttpFilter,
    HttpUpgrade,
    Rds,
    RouteConfiguration,
)
from tulle.xds.tls import over_ads
from tulle.xds.values import duration, packed, switch

_UPGRADES = ("websocket",)


def with_routes_of(
    name: str, host: str, filters: list[HttpFilter], upgrades: Sequence[str] = _UPGRADES
) -> Filter:
    """Routes come by RDS under the listener's own name: editing them leaves its connections alone."""
    manager = _manager(name, host, filters, upgrades)
    manager.MergeFrom(
        HttpConnectionManager(rds=Rds(config_source=over_ads(), route_config_name=name))
    )
    return _filter(manager)


def with_fixed_routes(
    name: str, host: str, filters: list[HttpFilter], routes: RouteConfiguration
) -> Filter:
    """Where there is one place to go, and it never changes."""
    manager = _manager(name, host, filters)
    manager.MergeFrom(HttpConnectionManager(route_config=routes))
    return _filter(manager)


def _manager(
    name: str, host: str, filters: list[HttpFilter], upgrades: Sequence[str] = _UPGRADES
) -> HttpConnectionManager:
    """`host` stands in for the name that clients of HTTP/1.0 do not send."""
    return HttpConnectionManager(
        codec_type="AUTO",
        stat_prefix=name,
        http_filters=filters,
        http_protocol_options=Http1ProtocolOptions(
            accept_http_10=True, default_host_for_http_10=host
        ),
        http2_protocol_options=Http2ProtocolOptions(
            allow_connect=True,  # WebSockets over HTTP/2
            # Envoy's usual codec closes the connection of a client that cancels more than 33 calls a second.
            use_oghttp2_codec=switch(on=True),
        ),
        upgrade_configs=[HttpUpgrade(upgrade_type=kind) for kind in upgrades],
        server_header_transformation="PASS_THROUGH",
        generate_request_id=switch(on=False),
        normalize_path=switch(on=True),
        # A stream may rest as long as its ends like; policies that mind say so.
        stream_idle_timeout=duration(0),
    )


def _filter(manager: HttpConnectionManager) -> Filter:
    return Filter(name="http", typed_config=packed(manager))
