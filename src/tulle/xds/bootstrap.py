"""The file an Envoy starts from: who it is, where its agent listens, what it counts. Everything else comes by ADS.

Written as plain JSON: `--mode validate` and the traffic tests read it with a real Envoy, and an agent that only
writes this file loads no descriptors for it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tulle.xds.names import NOWHERE, SYSTEM_ROOTS
from tulle.xds.stats import INCLUDED

AGENT_CLUSTER = "agent"
GENERATION_KEY = "tulle-generation"
"""The name of the metadata by which an Envoy's ADS stream says which of a workload's Envoys it is."""

_RUNTIME: Mapping[str, object] = {
    # Clients are the workload's own program and proxies of the mesh: many cancelled calls are no attack.
    "overload.premature_reset_total_stream_count": 2**32 - 1,
}
_TYPES = "type.googleapis.com/envoy."
_INTERNAL_LISTENERS: Mapping[str, object] = {
    "name": "envoy.bootstrap.internal_listener",
    "typed_config": {
        "@type": _TYPES + "extensions.bootstrap.internal_listener.v3.InternalListener"
    },
}
_ADS: Mapping[str, object] = {
    "ads": {},
    "resource_api_version": "V3",
    # Wait for the agent however long it takes: a proxy without configuration must not call itself ready.
    "initial_fetch_timeout": "0s",
}


SYSTEM_ROOT_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)
"""Where hosts keep the roots they trust; who writes a bootstrap passes the first that is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """What the file says. `agent_socket` is the path of a Unix socket; `node_id` the proxy's NAMESPACE/NAME.

    `system_roots` is a PEM file, for TLS to the outside; without one only roots given by name are trusted.
    `internal_listeners` are what reaching upstreams by name needs; Envoy refuses them where they are not said.
    How long connections may drain is a flag of the program, not of this file: see `arguments`.
    """

    node_id: str
    cluster: str
    agent_socket: str
    system_roots: str = ""
    internal_listeners: bool = False

    def content(self, admin_socket: str, generation: int = 0) -> bytes:
        """JSON, for one of several Envoys that follow each other: each has an admin socket of its own.

        The number goes to the agent as metadata of the ADS stream, so that it knows which of two is the newer.
        """
        made: dict[str, object] = {
            "node": {"id": self.node_id, "cluster": self.cluster},
            "admin": {"address": {"pipe": {"path": admin_socket, "mode": 0o600}}},
            "static_resources": {
                "clusters": [_agent(self.agent_socket)],
                "secrets": [_roots(self.system_roots)],
            },
            "dynamic_resources": {
                "ads_config": _ads_stream(generation),
                "cds_config": _ADS,
                "lds_config": _ADS,
            },
            "layered_runtime": {"layers": [{"name": "static", "static_layer": _RUNTIME}]},
            "stats_config": {
                "stats_matcher": {"inclusion_list": {"patterns": INCLUDED}},
            },
            # A cluster that nobody calls yet costs its statistics nothing.
            "deferred_stat_options": {"enable_deferred_creation_stats": True},
            # Who reads them has the latest; and an heir gets what was counted since they were last read.
            "stats_flush_on_admin": True,
        }
        if self.internal_listeners:
            made["bootstrap_extensions"] = [_INTERNAL_LISTENERS]
        return json.dumps(made, indent=1).encode()


def arguments(drain_s: float, log_level: str = "warning") -> tuple[str, ...]:
    """What Envoy is started with beside the file. `drain_s` bounds how long replaced connections live on.

    One worker is enough for one workload.
    """
    return (
        *("--concurrency", "1"),
        *("--drain-time-s", str(max(1, round(drain_s)))),
        *("--log-level", log_level),
    )


def _agent(socket: str) -> Mapping[str, object]:
    return {
        "name": AGENT_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": AGENT_CLUSTER,
            "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": {"pipe": {"path": socket}}}}]}
            ],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": _TYPES + "extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
    }


def _roots(file: str) -> Mapping[str, object]:
    """Nobody is trusted where there are none: that no certificate has this hash is the point."""
    trusted = {"trusted_ca": {"filename": file}} if file else {"verify_certificate_hash": [NOWHERE]}
    return {"name": SYSTEM_ROOTS, "validation_context": trusted}


def _ads_stream(generation: int) -> Mapping[str, object]:
    return {
        "api_type": "DELTA_GRPC",
        "transport_api_version": "V3",
        "set_node_on_first_message_only": True,
        "grpc_services": [
            {
                "envoy_grpc": {
                    "cluster_name": AGENT_CLUSTER,
                    # The agent is on the same host: come back fast after it restarts (Envoy waits up to 30 s).
                    "retry_policy": {
                        "retry_back_off": {"base_interval": "0.1s", "max_interval": "1s"}
                    },
                },
                "initial_metadata": [{"key": GENERATION_KEY, "value": str(generation)}],
            }
        ],
    }
