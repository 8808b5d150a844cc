"""What an Envoy counts for us, and how `/stats?format=json` reads back as an EdgeReport.

Statistics are let in by the end of their names: 1,000 used clusters cost 5 KB each that way, and 27 KB each
when a prefix lets in all of theirs. The router's dynamic statistics stay on, for without them there is neither
a failure count nor a latency per destination.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from tulle.graph.mesh import Protocol
from tulle.model.wire import EdgeReport, EdgeSample
from tulle.xds.names import CAPTURED_INBOUND, MTLS_LISTENER, PASSTHROUGH, REFUSED

QUERY = "format=json"
"""What to ask `/stats` for."""

_EDGE = "/edge."
_FAILED_CALLS = tuple(f"grpc.{status}" for status in (2, 4, 12, 13, 14, 15))
"""gRPC statuses that are the server's fault: unknown, too late, not implemented, internal, unavailable, data loss."""

_NEVER_SENT = ("upstream_cx_none_healthy", "upstream_rq_pending_failure_eject")
"""Requests (or connections, of TCP) for which there was no endpoint, or none that could be connected to."""

_COUNTED = (
    *_FAILED_CALLS,
    *_NEVER_SENT,
    "upstream_rq_total",
    "upstream_rq_5xx",
    "upstream_rq_time",
    "upstream_cx_total",
    "upstream_cx_connect_fail",
    "ssl.handshake",
)
_REFUSED = f"tcp.{REFUSED}.downstream_cx_total"
_PASSED = f"tcp.{PASSTHROUGH}.downstream_cx_total"
_PREFIXES = (
    "listener.inbound",
    _REFUSED,
    _PASSED,
    "access:",
    "cluster_manager.",
    "listener_manager.",
    "server.",
)

INCLUDED: tuple[Mapping[str, str], ...] = (
    *({"suffix": _EDGE + counted} for counted in _COUNTED),
    *({"prefix": prefix} for prefix in _PREFIXES),
)
"""The inclusion list of the bootstrap: string matchers of Envoy."""

_LISTENER = f"listener.{MTLS_LISTENER}."
_PLAINTEXT = "listener.inbound-plaintext"
_CAPTURED = f"listener.{CAPTURED_INBOUND}."


@dataclass(frozen=True, slots=True)
class ProxyStats:
    """One reading. `inbound_connections` are open now, mTLS and plaintext together: draining waits for none."""

    report: EdgeReport
    inbound_connections: int


class _Quantile(msgspec.Struct, frozen=True):
    cumulative: float | None = None


class _Histogram(msgspec.Struct, frozen=True):
    name: str
    values: tuple[_Quantile, ...]


class _Histograms(msgspec.Struct, frozen=True):
    supported_quantiles: tuple[float, ...] = ()
    computed_quantiles: tuple[_Histogram, ...] = ()


class _Stat(msgspec.Struct, frozen=True):
    """A number with a name; or, in one item of the list, all histograms. Texts have no number we use."""

    name: str = ""
    value: int | str = 0
    histograms: _Histograms = _Histograms()


class _Stats(msgspec.Struct, frozen=True):
    stats: tuple[_Stat, ...] = ()


_decode = msgspec.json.Decoder(_Stats).decode


def read_stats(text: bytes) -> ProxyStats:
    """Envoy's answer to `/stats?format=json`; raises msgspec.MsgspecError where it is none."""
    stats = _decode(text).stats
    numbers = {stat.name: stat.value for stat in stats if isinstance(stat.value, int)}
    refused = numbers.get(_REFUSED, 0)
    return ProxyStats(
        report=EdgeReport(
            edges=tuple(_edges(numbers, _quantiles(stats))),
            inbound_handshakes=numbers.get(f"{_LISTENER}ssl.handshake", 0),
            inbound_without_certificate=numbers.get(f"{_LISTENER}ssl.no_certificate", 0),
            inbound_plaintext=_sum(numbers, _PLAINTEXT, ".downstream_cx_total")
            + numbers.get(f"{_CAPTURED}downstream_cx_total", 0)
            - refused,
            denied=numbers.get(f"{_LISTENER}ssl.fail_verify_san", 0)
            + _sum(numbers, "access:", ".rbac.denied"),
            refused=refused,
            passed_through=numbers.get(_PASSED, 0),
        ),
        inbound_connections=numbers.get(f"{_LISTENER}downstream_cx_active", 0)
        + numbers.get(f"{_CAPTURED}downstream_cx_active", 0)
        + _sum(numbers, _PLAINTEXT, ".downstream_cx_active"),
    )


def _edges(
    numbers: Mapping[str, int], times: Mapping[str, Mapping[float, float | None]]
) -> Iterable[EdgeSample]:
    """One per cluster that anything was ever tried on, in the order of names."""
    counted = (name.rpartition(_EDGE) for name, value in numbers.items() if value)
    clusters = {cluster for cluster, _, stat in counted if stat in _COUNTED}
    for cluster in sorted(clusters):
        count = {stat: numbers.get(f"{cluster}{_EDGE}{stat}", 0) for stat in _COUNTED}
        time = times.get(f"{cluster}{_EDGE}upstream_rq_time", {})
        namespace, service, port, protocol = cluster.removeprefix("cluster.").split("/")
        yield EdgeSample(
            namespace=namespace,
            service=service,
            port=int(port),
            protocol=protocol,
            requests=_requests(protocol, count),
            failures=_failures(protocol, count),
            connections=count["upstream_cx_total"],
            handshakes=count["ssl.handshake"],
            connect_failures=count["upstream_cx_connect_fail"],
            p50_ms=time.get(50),
            p99_ms=time.get(99),
        )


def _requests(protocol: str, count: Mapping[str, int]) -> int:
    """Those sent, and those that had nowhere to go. To Envoy a connection is a request too: not to us."""
    if protocol == Protocol.TCP:
        return 0
    return count["upstream_rq_total"] + sum(count[stat] for stat in _NEVER_SENT)


def _failures(protocol: str, count: Mapping[str, int]) -> int:
    """A failed call is a 200 to HTTP; where Envoy answers by itself it says so in gRPC's words too."""
    match protocol:
        case Protocol.TCP:
            return sum(count[stat] for stat in _NEVER_SENT)
        case Protocol.GRPC:
            return sum(count[status] for status in _FAILED_CALLS)
        case _:
            return count["upstream_rq_5xx"]


def _quantiles(stats: Iterable[_Stat]) -> dict[str, dict[float, float | None]]:
    """Milliseconds since the start by quantile (0 to 100), of every histogram by its name."""
    return {
        histogram.name: {
            quantile: value.cumulative
            for quantile, value in zip(
                stat.histograms.supported_quantiles, histogram.values, strict=False
            )
        }
        for stat in stats
        for histogram in stat.histograms.computed_quantiles
    }


def _sum(numbers: Mapping[str, int], prefix: str, suffix: str) -> int:
    """Over all names of that beginning and end, without Envoy's copies per worker."""
    return sum(
        value
        for name, value in numbers.items()
        if name.startswith(prefix) and name.endswith(suffix) and ".worker_" not in name
    )
