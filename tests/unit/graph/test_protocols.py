"""Names of protocols."""

import pytest

from tulle.graph.mesh import Protocol
from tulle.graph.protocols import declared, is_known, least


@pytest.mark.parametrize(
    ("app_protocol", "name", "protocol"),
    [
        ("http", "", Protocol.HTTP),
        ("HTTP", "", Protocol.HTTP),
        ("kubernetes.io/h2c", "http", Protocol.HTTP2),
        ("kubernetes.io/ws", "", Protocol.HTTP),
        ("grpc", "tcp", Protocol.GRPC),
        ("mysql", "http", Protocol.TCP),
        ("unheard-of", "http", Protocol.TCP),
        ("", "http", Protocol.HTTP),
        ("", "http-web", Protocol.HTTP),
        ("", "http2-api", Protocol.HTTP2),
        ("", "grpc-web-ui", Protocol.HTTP),
        ("", "grpc", Protocol.GRPC),
        ("", "https", Protocol.TCP),
        ("", "redis-main", Protocol.TCP),
        ("", "web", None),
        ("", "httpx", None),
        ("", "", None),
    ],
)
def test_app_protocol_speaks_before_the_prefix_of_the_name(
    app_protocol: str, name: str, protocol: Protocol | None
) -> None:
    assert declared(app_protocol, name) is protocol


def test_names_of_other_domains_are_nobodys_mistake() -> None:
    assert is_known("example.com/own")
    assert is_known("PostgreSQL")
    assert not is_known("htpp")


def test_the_least_protocol_assumes_nothing_of_the_bytes() -> None:
    assert least([Protocol.GRPC, Protocol.HTTP]) is Protocol.HTTP
    assert least([Protocol.HTTP2, Protocol.TCP]) is Protocol.TCP
    assert least([]) is None
