"""The HTTP connection manager shows itself as little as it can."""

from tulle.xds.filters import http_manager
from tulle.xds.protos import Filter, HttpConnectionManager
from tulle.xds.routes import fixed_routes

PASS_THROUGH = 2


def held(made: Filter) -> HttpConnectionManager:
    manager = HttpConnectionManager()
    assert made.typed_config.Unpack(manager)
    return manager


def test_routes_come_under_the_name_of_the_listener() -> None:
    manager = held(http_manager.with_routes_of("outbound:x", "x", []))

    assert manager.rds.route_config_name == "outbound:x"


def test_fixed_routes_stand_in_it() -> None:
    manager = held(http_manager.with_fixed_routes("n", "h", [], fixed_routes("c")))

    assert manager.route_config == fixed_routes("c")


def test_it_is_noticed_as_little_as_possible() -> None:
    manager = held(http_manager.with_routes_of("outbound:x", "x", []))

    assert manager.HasField("generate_request_id")
    assert not manager.generate_request_id.value
    assert manager.server_header_transformation == PASS_THROUGH
    assert manager.HasField("stream_idle_timeout")
    assert manager.stream_idle_timeout.seconds == 0
    assert not manager.merge_slashes


def test_dot_segments_are_resolved_before_routes_see_them() -> None:
    assert held(http_manager.with_routes_of("outbound:x", "x", [])).normalize_path.value


def test_old_clients_and_websockets_are_welcome() -> None:
    manager = held(http_manager.with_routes_of("outbound:x", "web.shop", []))

    assert manager.http_protocol_options.accept_http_10
    assert manager.http_protocol_options.default_host_for_http_10 == "web.shop"
    assert [one.upgrade_type for one in manager.upgrade_configs] == ["websocket"]


def test_tunnels_pass_only_where_they_are_meant_to() -> None:
    plain = held(http_manager.with_routes_of("a", "a", []))
    tunnels = held(http_manager.with_routes_of("a", "a", [], upgrades=("websocket", "CONNECT")))

    assert [one.upgrade_type for one in plain.upgrade_configs] == ["websocket"]
    assert [one.upgrade_type for one in tunnels.upgrade_configs] == ["websocket", "CONNECT"]
