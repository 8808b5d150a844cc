"""TCP proxy: the end of a chain that passes bytes."""

from collections.abc import Sequence
from typing import Literal

from tulle.graph.mesh import Share
from tulle.xds.names import MISSING, cluster_name
from tulle.xds.protos import Filter, TcpClusterWeight, TcpProxy, TcpWeightedCluster
from tulle.xds.values import duration, number, packed

_EARLY_BYTES = 65_536
"""What a caller may send before the program's connection stands; then it waits."""


def after_handshake(cluster: str) -> Filter:
    """To the program, once the caller has proved who it is: a server-first program speaks to nobody else."""
    return _to_program(cluster, "ON_DOWNSTREAM_TLS_HANDSHAKE")


def after_first_byte(cluster: str) -> Filter:
    """To the program, once the filters before have let the caller's first byte pass."""
    return _to_program(cluster, "ON_DOWNSTREAM_DATA")


def at_once(stat_prefix: str, cluster: str) -> Filter:
    """To one cluster as soon as the client connects: a server-first protocol has its turn first."""
    return _filter(TcpProxy(stat_prefix=stat_prefix, cluster=cluster, idle_timeout=duration(0)))


def by_weight(stat_prefix: str, shares: Sequence[Share]) -> Filter:
    """A share of the connections each. What has no destination is closed; so is all if nothing has weight."""
    weights = [
        TcpClusterWeight(
            name=cluster_name(share.to) if share.to is not None else MISSING, weight=share.weight
        )
        for share in shares
        if share.weight > 0
    ]
    if not weights:
        return at_once(stat_prefix, MISSING)
    return _filter(
        TcpProxy(
            stat_prefix=stat_prefix,
            weighted_clusters=TcpWeightedCluster(clusters=weights),
            idle_timeout=duration(0),
        )
    )


def _to_program(
    cluster: str, connect: Literal["ON_DOWNSTREAM_TLS_HANDSHAKE", "ON_DOWNSTREAM_DATA"]
) -> Filter:
    return _filter(
        TcpProxy(
            stat_prefix=cluster,
            cluster=cluster,
            upstream_connect_mode=connect,
            max_early_data_bytes=number(_EARLY_BYTES),
            idle_timeout=duration(0),
        )
    )


def _filter(config: TcpProxy) -> Filter:
    """No idle timeout: Envoy's own of an hour would cut connections that merely wait."""
    return Filter(name="tcp_proxy", typed_config=packed(config))
