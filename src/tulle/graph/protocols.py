"""What is spoken on a port, as far as somebody says so: by `appProtocol`, else by the prefix of its name.

None means that nobody said anything; then the kind of a route decides, and TCP where there is none.
"""

from collections.abc import Iterable

from tulle.graph.mesh import Protocol

_BY_APP_PROTOCOL = {
    "http": Protocol.HTTP,
    "http1": Protocol.HTTP,
    "http/1.1": Protocol.HTTP,
    "kubernetes.io/ws": Protocol.HTTP,
    "ws": Protocol.HTTP,
    "grpc-web": Protocol.HTTP,
    "http2": Protocol.HTTP2,
    "h2c": Protocol.HTTP2,
    "kubernetes.io/h2c": Protocol.HTTP2,
    "grpc": Protocol.GRPC,
    "tcp": Protocol.TCP,
}

_OPAQUE = frozenset(
    {
        *("tls", "https", "wss", "kubernetes.io/wss", "ssh", "dns", "ldap", "ldaps"),
        *("smtp", "smtps", "imap", "pop3", "nats", "stomp", "mqtt", "amqp", "amqps", "kafka"),
        *("redis", "memcached", "mongo", "mongodb", "mysql", "postgres", "postgresql", "mssql"),
        *("cassandra", "zookeeper"),
    }
)
"""Protocols people name that the mesh carries as bytes."""

_BY_NAME_PREFIX = {
    **{name: protocol for name, protocol in _BY_APP_PROTOCOL.items() if "/" not in name},
    **{name: Protocol.TCP for name in _OPAQUE if "/" not in name},
}


def declared(app_protocol: str, name: str) -> Protocol | None:
    """What a port is declared to speak. An `appProtocol` we do not know is carried as bytes."""
    if app_protocol:
        return _BY_APP_PROTOCOL.get(app_protocol.lower(), Protocol.TCP)
    return _by_name(name)


def _by_name(name: str) -> Protocol | None:
    """`http-web` and `http` speak HTTP; the longest known prefix counts, so `grpc-web-x` is no gRPC."""
    parts = name.split("-")
    for length in (2, 1):
        found = _BY_NAME_PREFIX.get("-".join(parts[:length]))
        if found is not None:
            return found
    return None


def is_known(app_protocol: str) -> bool:
    """Whether it says something to us. A name with a domain may mean something to somebody else."""
    text = app_protocol.lower()
    return text in _BY_APP_PROTOCOL or text in _OPAQUE or "/" in text


KNOWN = tuple(sorted({*_BY_APP_PROTOCOL, *_OPAQUE}))
"""For suggestions."""

_TRUST = (Protocol.TCP, Protocol.HTTP, Protocol.HTTP2, Protocol.GRPC)


def least(protocols: Iterable[Protocol]) -> Protocol | None:
    """The one that assumes least about the bytes, or None of none: TCP before HTTP before HTTP/2."""
    return min(protocols, key=_TRUST.index, default=None)
