"""Which Envoy messages the project speaks, by the short names they have here.

`tools/xds_protos.py` reads this table to write `xds.binpb` and the typed stub beside it: add a line, run
the tool, and the type checker knows the message. Fields whose messages are not listed do not exist for it.
"""

from types import MappingProxyType

_CORE = "envoy.config.core.v3."
_CLUSTER = "envoy.config.cluster.v3."
_ENDPOINT = "envoy.config.endpoint.v3."
_LISTENER = "envoy.config.listener.v3."
_ROUTE = "envoy.config.route.v3."
_RBAC = "envoy.config.rbac.v3."
_TLS = "envoy.extensions.transport_sockets.tls.v3."
_TCP = "envoy.extensions.filters.network.tcp_proxy.v3."
_HCM = "envoy.extensions.filters.network.http_connection_manager.v3."

FULL_NAMES = MappingProxyType(
    {
        # Google's own
        "Any": "google.protobuf.Any",
        "Duration": "google.protobuf.Duration",
        "BoolValue": "google.protobuf.BoolValue",
        "UInt32Value": "google.protobuf.UInt32Value",
        "Struct": "google.protobuf.Struct",
        "Value": "google.protobuf.Value",
        "Status": "google.rpc.Status",
        # What many of them share
        "Address": _CORE + "Address",
        "AggregatedConfigSource": _CORE + "AggregatedConfigSource",
        "CommonHttpProtocolOptions": _CORE + "HttpProtocolOptions",
        "ConfigSource": _CORE + "ConfigSource",
        "DataSource": _CORE + "DataSource",
        "EnvoyInternalAddress": _CORE + "EnvoyInternalAddress",
        "ExtensionConfigSource": _CORE + "ExtensionConfigSource",
        "HeaderValue": _CORE + "HeaderValue",
        "HeaderValueOption": _CORE + "HeaderValueOption",
        "Http1ProtocolOptions": _CORE + "Http1ProtocolOptions",
        "Http2ProtocolOptions": _CORE + "Http2ProtocolOptions",
        "Locality": _CORE + "Locality",
        "Metadata": _CORE + "Metadata",
        "Node": _CORE + "Node",
        "SocketAddress": _CORE + "SocketAddress",
        "TcpKeepalive": _CORE + "TcpKeepalive",
        "TransportSocket": _CORE + "TransportSocket",
        "TypedExtensionConfig": _CORE + "TypedExtensionConfig",
        "RegexMatcher": "envoy.type.matcher.v3.RegexMatcher",
        "StringMatcher": "envoy.type.matcher.v3.StringMatcher",
        # Clusters and endpoints
        "CircuitBreakers": _CLUSTER + "CircuitBreakers",
        "CircuitBreakerThresholds": _CLUSTER + "CircuitBreakers.Thresholds",
        "Cluster": _CLUSTER + "Cluster",
        "CustomClusterType": _CLUSTER + "Cluster.CustomClusterType",
        "DnsCluster": "envoy.extensions.clusters.dns.v3.DnsCluster",
        "EdsClusterConfig": _CLUSTER + "Cluster.EdsClusterConfig",
        "TransportSocketMatch": _CLUSTER + "Cluster.TransportSocketMatch",
        "UpstreamConnectionOptions": _CLUSTER + "UpstreamConnectionOptions",
        "ClusterHttpOptions": "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "ExplicitHttpConfig": "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig",
        "ClusterLoadAssignment": _ENDPOINT + "ClusterLoadAssignment",
        "ClusterLoadPolicy": _ENDPOINT + "ClusterLoadAssignment.Policy",
        "Endpoint": _ENDPOINT + "Endpoint",
        "LbEndpoint": _ENDPOINT + "LbEndpoint",
        "LocalityLbEndpoints": _ENDPOINT + "LocalityLbEndpoints",
        # Listeners and their filters
        "AdditionalAddress": _LISTENER + "AdditionalAddress",
        "Filter": _LISTENER + "Filter",
        "FilterChain": _LISTENER + "FilterChain",
        "FilterChainMatch": _LISTENER + "FilterChainMatch",
        "Listener": _LISTENER + "Listener",
        "InternalListener": _LISTENER + "Listener.InternalListenerConfig",
        "ListenerFilter": _LISTENER + "ListenerFilter",
        "OriginalDst": "envoy.extensions.filters.listener.original_dst.v3.OriginalDst",
        "TlsInspector": "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
        "TcpProxy": _TCP + "TcpProxy",
        "TcpWeightedCluster": _TCP + "TcpProxy.WeightedCluster",
        "TcpClusterWeight": _TCP + "TcpProxy.WeightedCluster.ClusterWeight",
        "GrpcStats": "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig",
        "HttpConnectionManager": _HCM + "HttpConnectionManager",
        "HttpFilter": _HCM + "HttpFilter",
        "HttpUpgrade": _HCM + "HttpConnectionManager.UpgradeConfig",
        "Rds": _HCM + "Rds",
        "Router": "envoy.extensions.filters.http.router.v3.Router",
        "NetworkRbac": "envoy.extensions.filters.network.rbac.v3.RBAC",
        "RbacRules": _RBAC + "RBAC",
        "RbacPolicy": _RBAC + "Policy",
        "RbacPermission": _RBAC + "Permission",
        "RbacPrincipal": _RBAC + "Principal",
        "RbacAuthenticated": _RBAC + "Principal.Authenticated",
        # Routes
        "ConnectConfig": _ROUTE + "RouteAction.UpgradeConfig.ConnectConfig",
        "ConnectMatcher": _ROUTE + "RouteMatch.ConnectMatcher",
        "ClusterWeight": _ROUTE + "WeightedCluster.ClusterWeight",
        "DirectResponseAction": _ROUTE + "DirectResponseAction",
        "HeaderMatcher": _ROUTE + "HeaderMatcher",
        "QueryParameterMatcher": _ROUTE + "QueryParameterMatcher",
        "Route": _ROUTE + "Route",
        "RouteAction": _ROUTE + "RouteAction",
        "RouteConfiguration": _ROUTE + "RouteConfiguration",
        "RouteMatch": _ROUTE + "RouteMatch",
        "RouteUpgrade": _ROUTE + "RouteAction.UpgradeConfig",
        "VirtualHost": _ROUTE + "VirtualHost",
        "WeightedCluster": _ROUTE + "WeightedCluster",
        # TLS
        "CertificateValidationContext": _TLS + "CertificateValidationContext",
        "CombinedValidationContext": _TLS + "CommonTlsContext.CombinedCertificateValidationContext",
        "CommonTlsContext": _TLS + "CommonTlsContext",
        "DownstreamTlsContext": _TLS + "DownstreamTlsContext",
        "RawBuffer": "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer",
        "SdsSecretConfig": _TLS + "SdsSecretConfig",
        "Secret": _TLS + "Secret",
        "SpiffeTrustDomain": _TLS + "SPIFFECertValidatorConfig.TrustDomain",
        "SpiffeValidator": _TLS + "SPIFFECertValidatorConfig",
        "SubjectAltNameMatcher": _TLS + "SubjectAltNameMatcher",
        "TlsCertificate": _TLS + "TlsCertificate",
        "TlsParameters": _TLS + "TlsParameters",
        "UpstreamTlsContext": _TLS + "UpstreamTlsContext",
        # The protocol itself
        "DeltaDiscoveryRequest": "envoy.service.discovery.v3.DeltaDiscoveryRequest",
        "DeltaDiscoveryResponse": "envoy.service.discovery.v3.DeltaDiscoveryResponse",
        "DiscoveryResource": "envoy.service.discovery.v3.Resource",
    }
)
"""Short name → full protobuf name."""

MODULES = (
    "envoy.config.cluster.v3.cluster_pb2",
    "envoy.config.endpoint.v3.endpoint_pb2",
    "envoy.config.listener.v3.listener_pb2",
    "envoy.config.rbac.v3.rbac_pb2",
    "envoy.config.route.v3.route_pb2",
    "envoy.extensions.clusters.dns.v3.dns_cluster_pb2",
    "envoy.extensions.filters.http.grpc_stats.v3.config_pb2",
    "envoy.extensions.filters.http.router.v3.router_pb2",
    "envoy.extensions.filters.listener.original_dst.v3.original_dst_pb2",
    "envoy.extensions.filters.listener.tls_inspector.v3.tls_inspector_pb2",
    "envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2",
    "envoy.extensions.filters.network.rbac.v3.rbac_pb2",
    "envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2",
    "envoy.extensions.transport_sockets.raw_buffer.v3.raw_buffer_pb2",
    "envoy.extensions.transport_sockets.tls.v3.secret_pb2",
    "envoy.extensions.transport_sockets.tls.v3.tls_pb2",
    "envoy.extensions.transport_sockets.tls.v3.tls_spiffe_validator_config_pb2",
    "envoy.extensions.upstreams.http.v3.http_protocol_options_pb2",
    "envoy.service.discovery.v3.discovery_pb2",
    "google.protobuf.struct_pb2",
    "google.protobuf.wrappers_pb2",
)
"""Where `xds-protos` defines them; what these import comes along."""
