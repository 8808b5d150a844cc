"""Written by tools/xds_protos.py out of `messages.py`: do not edit."""

# ruff: noqa: A002, N802 - the names are Envoy's

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from google.protobuf.message import Message

class Any(Message):
    type_url: str
    value: bytes
    def __init__(
        self,
        *,
        type_url: str = ...,
        value: bytes = ...,
    ) -> None: ...
    def Pack(
        self, msg: Message, type_url_prefix: str = ..., deterministic: bool | None = ...
    ) -> None: ...
    def Unpack(self, msg: Message) -> bool: ...

class Duration(Message):
    seconds: int
    nanos: int
    def __init__(
        self,
        *,
        seconds: int = ...,
        nanos: int = ...,
    ) -> None: ...

class BoolValue(Message):
    value: bool
    def __init__(
        self,
        *,
        value: bool = ...,
    ) -> None: ...

class UInt32Value(Message):
    value: int
    def __init__(
        self,
        *,
        value: int = ...,
    ) -> None: ...

class Struct(Message):
    fields: Mapping[str, Value]
    def __init__(
        self,
        *,
        fields: Mapping[str, Value] = ...,
    ) -> None: ...

class Value(Message):
    null_value: int
    number_value: float
    string_value: str
    bool_value: bool
    struct_value: Struct
    def __init__(
        self,
        *,
        null_value: Literal["NULL_VALUE"] | None = ...,
        number_value: float | None = ...,
        string_value: str | None = ...,
        bool_value: bool | None = ...,
        struct_value: Struct | None = ...,
    ) -> None: ...

class Status(Message):
    code: int
    message: str
    details: Sequence[Any]
    def __init__(
        self,
        *,
        code: int = ...,
        message: str = ...,
        details: Iterable[Any] = ...,
    ) -> None: ...

class Address(Message):
    socket_address: SocketAddress
    envoy_internal_address: EnvoyInternalAddress
    def __init__(
        self,
        *,
        socket_address: SocketAddress | None = ...,
        envoy_internal_address: EnvoyInternalAddress | None = ...,
    ) -> None: ...

class AggregatedConfigSource(Message):
    def __init__(
        self,
    ) -> None: ...

class CommonHttpProtocolOptions(Message):
    idle_timeout: Duration
    max_connection_duration: Duration
    max_headers_count: UInt32Value
    max_response_headers_kb: UInt32Value
    max_stream_duration: Duration
    headers_with_underscores_action: int
    max_requests_per_connection: UInt32Value
    def __init__(
        self,
        *,
        idle_timeout: Duration | None = ...,
        max_connection_duration: Duration | None = ...,
        max_headers_count: UInt32Value | None = ...,
        max_response_headers_kb: UInt32Value | None = ...,
        max_stream_duration: Duration | None = ...,
        headers_with_underscores_action: Literal["ALLOW", "REJECT_REQUEST", "DROP_HEADER"] = ...,
        max_requests_per_connection: UInt32Value | None = ...,
    ) -> None: ...

class ConfigSource(Message):
    ads: AggregatedConfigSource
    initial_fetch_timeout: Duration
    resource_api_version: int
    def __init__(
        self,
        *,
        ads: AggregatedConfigSource | None = ...,
        initial_fetch_timeout: Duration | None = ...,
        resource_api_version: Literal["AUTO", "V3"] = ...,
    ) -> None: ...

class DataSource(Message):
    filename: str
    inline_bytes: bytes
    inline_string: str
    environment_variable: str
    def __init__(
        self,
        *,
        filename: str | None = ...,
        inline_bytes: bytes | None = ...,
        inline_string: str | None = ...,
        environment_variable: str | None = ...,
    ) -> None: ...

class EnvoyInternalAddress(Message):
    server_listener_name: str
    endpoint_id: str
    def __init__(
        self,
        *,
        server_listener_name: str | None = ...,
        endpoint_id: str = ...,
    ) -> None: ...

class ExtensionConfigSource(Message):
    config_source: ConfigSource
    default_config: Any
    apply_default_config_without_warming: bool
    type_urls: Sequence[str]
    def __init__(
        self,
        *,
        config_source: ConfigSource | None = ...,
        default_config: Any | None = ...,
        apply_default_config_without_warming: bool = ...,
        type_urls: Iterable[str] = ...,
    ) -> None: ...

class HeaderValue(Message):
    key: str
    value: str
    raw_value: bytes
    def __init__(
        self,
        *,
        key: str = ...,
        value: str = ...,
        raw_value: bytes = ...,
    ) -> None: ...

class HeaderValueOption(Message):
    header: HeaderValue
    append_action: int
    keep_empty_value: bool
    def __init__(
        self,
        *,
        header: HeaderValue | None = ...,
        append_action: Literal[
            "APPEND_IF_EXISTS_OR_ADD",
            "ADD_IF_ABSENT",
            "OVERWRITE_IF_EXISTS_OR_ADD",
            "OVERWRITE_IF_EXISTS",
        ] = ...,
        keep_empty_value: bool = ...,
    ) -> None: ...

class Http1ProtocolOptions(Message):
    allow_absolute_url: BoolValue
    accept_http_10: bool
    default_host_for_http_10: str
    enable_trailers: bool
    allow_chunked_length: bool
    override_stream_error_on_invalid_http_message: BoolValue
    send_fully_qualified_url: bool
    allow_custom_methods: bool
    ignore_http_11_upgrade: Sequence[StringMatcher]
    def __init__(
        self,
        *,
        allow_absolute_url: BoolValue | None = ...,
        accept_http_10: bool = ...,
        default_host_for_http_10: str = ...,
        enable_trailers: bool = ...,
        allow_chunked_length: bool = ...,
        override_stream_error_on_invalid_http_message: BoolValue | None = ...,
        send_fully_qualified_url: bool = ...,
        allow_custom_methods: bool = ...,
        ignore_http_11_upgrade: Iterable[StringMatcher] = ...,
    ) -> None: ...

class Http2ProtocolOptions(Message):
    hpack_table_size: UInt32Value
    max_concurrent_streams: UInt32Value
    initial_stream_window_size: UInt32Value
    initial_connection_window_size: UInt32Value
    allow_connect: bool
    allow_metadata: bool
    max_outbound_frames: UInt32Value
    max_outbound_control_frames: UInt32Value
    max_consecutive_inbound_frames_with_empty_payload: UInt32Value
    max_inbound_priority_frames_per_stream: UInt32Value
    max_inbound_window_update_frames_per_data_frame_sent: UInt32Value
    override_stream_error_on_invalid_http_message: BoolValue
    use_oghttp2_codec: BoolValue
    def __init__(
        self,
        *,
        hpack_table_size: UInt32Value | None = ...,
        max_concurrent_streams: UInt32Value | None = ...,
        initial_stream_window_size: UInt32Value | None = ...,
        initial_connection_window_size: UInt32Value | None = ...,
        allow_connect: bool = ...,
        allow_metadata: bool = ...,
        max_outbound_frames: UInt32Value | None = ...,
        max_outbound_control_frames: UInt32Value | None = ...,
        max_consecutive_inbound_frames_with_empty_payload: UInt32Value | None = ...,
        max_inbound_priority_frames_per_stream: UInt32Value | None = ...,
        max_inbound_window_update_frames_per_data_frame_sent: UInt32Value | None = ...,
        override_stream_error_on_invalid_http_message: BoolValue | None = ...,
        use_oghttp2_codec: BoolValue | None = ...,
    ) -> None: ...

class Locality(Message):
    region: str
    zone: str
    sub_zone: str
    def __init__(
        self,
        *,
        region: str = ...,
        zone: str = ...,
        sub_zone: str = ...,
    ) -> None: ...

class Metadata(Message):
    filter_metadata: Mapping[str, Struct]
    typed_filter_metadata: Mapping[str, Any]
    def __init__(
        self,
        *,
        filter_metadata: Mapping[str, Struct] = ...,
        typed_filter_metadata: Mapping[str, Any] = ...,
    ) -> None: ...

class Node(Message):
    id: str
    cluster: str
    metadata: Struct
    locality: Locality
    user_agent_name: str
    user_agent_version: str
    client_features: Sequence[str]
    def __init__(
        self,
        *,
        id: str = ...,
        cluster: str = ...,
        metadata: Struct | None = ...,
        locality: Locality | None = ...,
        user_agent_name: str = ...,
        user_agent_version: str | None = ...,
        client_features: Iterable[str] = ...,
    ) -> None: ...

class SocketAddress(Message):
    protocol: int
    address: str
    port_value: int
    named_port: str
    resolver_name: str
    ipv4_compat: bool
    network_namespace_filepath: str
    def __init__(
        self,
        *,
        protocol: Literal["TCP", "UDP"] = ...,
        address: str = ...,
        port_value: int | None = ...,
        named_port: str | None = ...,
        resolver_name: str = ...,
        ipv4_compat: bool = ...,
        network_namespace_filepath: str = ...,
    ) -> None: ...

class TcpKeepalive(Message):
    keepalive_probes: UInt32Value
    keepalive_time: UInt32Value
    keepalive_interval: UInt32Value
    def __init__(
        self,
        *,
        keepalive_probes: UInt32Value | None = ...,
        keepalive_time: UInt32Value | None = ...,
        keepalive_interval: UInt32Value | None = ...,
    ) -> None: ...

class TransportSocket(Message):
    name: str
    typed_config: Any
    def __init__(
        self,
        *,
        name: str = ...,
        typed_config: Any | None = ...,
    ) -> None: ...

class TypedExtensionConfig(Message):
    name: str
    typed_config: Any
    def __init__(
        self,
        *,
        name: str = ...,
        typed_config: Any | None = ...,
    ) -> None: ...

class RegexMatcher(Message):
    regex: str
    def __init__(
        self,
        *,
        regex: str = ...,
    ) -> None: ...

class StringMatcher(Message):
    exact: str
    prefix: str
    suffix: str
    safe_regex: RegexMatcher
    contains: str
    ignore_case: bool
    def __init__(
        self,
        *,
        exact: str | None = ...,
        prefix: str | None = ...,
        suffix: str | None = ...,
        safe_regex: RegexMatcher | None = ...,
        contains: str | None = ...,
        ignore_case: bool = ...,
    ) -> None: ...

class CircuitBreakers(Message):
    thresholds: Sequence[CircuitBreakerThresholds]
    per_host_thresholds: Sequence[CircuitBreakerThresholds]
    def __init__(
        self,
        *,
        thresholds: Iterable[CircuitBreakerThresholds] = ...,
        per_host_thresholds: Iterable[CircuitBreakerThresholds] = ...,
    ) -> None: ...

class CircuitBreakerThresholds(Message):
    priority: int
    max_connections: UInt32Value
    max_pending_requests: UInt32Value
    max_requests: UInt32Value
    max_retries: UInt32Value
    track_remaining: bool
    max_connection_pools: UInt32Value
    def __init__(
        self,
        *,
        priority: Literal["DEFAULT", "HIGH"] = ...,
        max_connections: UInt32Value | None = ...,
        max_pending_requests: UInt32Value | None = ...,
        max_requests: UInt32Value | None = ...,
        max_retries: UInt32Value | None = ...,
        track_remaining: bool = ...,
        max_connection_pools: UInt32Value | None = ...,
    ) -> None: ...

class Cluster(Message):
    transport_socket_matches: Sequence[TransportSocketMatch]
    name: str
    alt_stat_name: str
    type: int
    cluster_type: CustomClusterType
    eds_cluster_config: EdsClusterConfig
    connect_timeout: Duration
    per_connection_buffer_limit_bytes: UInt32Value
    lb_policy: int
    load_assignment: ClusterLoadAssignment
    circuit_breakers: CircuitBreakers
    typed_extension_protocol_options: Mapping[str, Any]
    dns_lookup_family: int
    typed_dns_resolver_config: TypedExtensionConfig
    wait_for_warm_on_init: BoolValue
    cleanup_interval: Duration
    transport_socket: TransportSocket
    metadata: Metadata
    upstream_connection_options: UpstreamConnectionOptions
    close_connections_on_host_health_failure: bool
    ignore_health_on_host_removal: bool
    lrs_server: ConfigSource
    lrs_report_endpoint_metrics: Sequence[str]
    upstream_config: TypedExtensionConfig
    connection_pool_per_downstream_connection: bool
    def __init__(
        self,
        *,
        transport_socket_matches: Iterable[TransportSocketMatch] = ...,
        name: str = ...,
        alt_stat_name: str = ...,
        type: Literal["STATIC", "STRICT_DNS", "LOGICAL_DNS", "EDS", "ORIGINAL_DST"] | None = ...,
        cluster_type: CustomClusterType | None = ...,
        eds_cluster_config: EdsClusterConfig | None = ...,
        connect_timeout: Duration | None = ...,
        per_connection_buffer_limit_bytes: UInt32Value | None = ...,
        lb_policy: Literal[
            "ROUND_ROBIN",
            "LEAST_REQUEST",
            "RING_HASH",
            "RANDOM",
            "MAGLEV",
            "CLUSTER_PROVIDED",
            "LOAD_BALANCING_POLICY_CONFIG",
        ] = ...,
        load_assignment: ClusterLoadAssignment | None = ...,
        circuit_breakers: CircuitBreakers | None = ...,
        typed_extension_protocol_options: Mapping[str, Any] = ...,
        dns_lookup_family: Literal["AUTO", "V4_ONLY", "V6_ONLY", "V4_PREFERRED", "ALL"] = ...,
        typed_dns_resolver_config: TypedExtensionConfig | None = ...,
        wait_for_warm_on_init: BoolValue | None = ...,
        cleanup_interval: Duration | None = ...,
        transport_socket: TransportSocket | None = ...,
        metadata: Metadata | None = ...,
        upstream_connection_options: UpstreamConnectionOptions | None = ...,
        close_connections_on_host_health_failure: bool = ...,
        ignore_health_on_host_removal: bool = ...,
        lrs_server: ConfigSource | None = ...,
        lrs_report_endpoint_metrics: Iterable[str] = ...,
        upstream_config: TypedExtensionConfig | None = ...,
        connection_pool_per_downstream_connection: bool = ...,
    ) -> None: ...

class CustomClusterType(Message):
    name: str
    typed_config: Any
    def __init__(
        self,
        *,
        name: str = ...,
        typed_config: Any | None = ...,
    ) -> None: ...

class DnsCluster(Message):
    dns_refresh_rate: Duration
    respect_dns_ttl: bool
    dns_jitter: Duration
    typed_dns_resolver_config: TypedExtensionConfig
    dns_lookup_family: int
    all_addresses_in_single_endpoint: bool
    def __init__(
        self,
        *,
        dns_refresh_rate: Duration | None = ...,
        respect_dns_ttl: bool = ...,
        dns_jitter: Duration | None = ...,
        typed_dns_resolver_config: TypedExtensionConfig | None = ...,
        dns_lookup_family: Literal[
            "UNSPECIFIED", "AUTO", "V4_ONLY", "V6_ONLY", "V4_PREFERRED", "ALL"
        ] = ...,
        all_addresses_in_single_endpoint: bool = ...,
    ) -> None: ...

class EdsClusterConfig(Message):
    eds_config: ConfigSource
    service_name: str
    def __init__(
        self,
        *,
        eds_config: ConfigSource | None = ...,
        service_name: str = ...,
    ) -> None: ...

class TransportSocketMatch(Message):
    name: str
    match: Struct
    transport_socket: TransportSocket
    def __init__(
        self,
        *,
        name: str = ...,
        match: Struct | None = ...,
        transport_socket: TransportSocket | None = ...,
    ) -> None: ...

class UpstreamConnectionOptions(Message):
    tcp_keepalive: TcpKeepalive
    set_local_interface_name_on_upstream_connections: bool
    def __init__(
        self,
        *,
        tcp_keepalive: TcpKeepalive | None = ...,
        set_local_interface_name_on_upstream_connections: bool = ...,
    ) -> None: ...

class ClusterHttpOptions(Message):
    common_http_protocol_options: CommonHttpProtocolOptions
    explicit_http_config: ExplicitHttpConfig
    http_filters: Sequence[HttpFilter]
    header_validation_config: TypedExtensionConfig
    def __init__(
        self,
        *,
        common_http_protocol_options: CommonHttpProtocolOptions | None = ...,
        explicit_http_config: ExplicitHttpConfig | None = ...,
        http_filters: Iterable[HttpFilter] = ...,
        header_validation_config: TypedExtensionConfig | None = ...,
    ) -> None: ...

class ExplicitHttpConfig(Message):
    http_protocol_options: Http1ProtocolOptions
    http2_protocol_options: Http2ProtocolOptions
    def __init__(
        self,
        *,
        http_protocol_options: Http1ProtocolOptions | None = ...,
        http2_protocol_options: Http2ProtocolOptions | None = ...,
    ) -> None: ...

class ClusterLoadAssignment(Message):
    cluster_name: str
    endpoints: Sequence[LocalityLbEndpoints]
    named_endpoints: Mapping[str, Endpoint]
    policy: ClusterLoadPolicy
    def __init__(
        self,
        *,
        cluster_name: str = ...,
        endpoints: Iterable[LocalityLbEndpoints] = ...,
        named_endpoints: Mapping[str, Endpoint] = ...,
        policy: ClusterLoadPolicy | None = ...,
    ) -> None: ...

class ClusterLoadPolicy(Message):
    overprovisioning_factor: UInt32Value
    endpoint_stale_after: Duration
    weighted_priority_health: bool
    def __init__(
        self,
        *,
        overprovisioning_factor: UInt32Value | None = ...,
        endpoint_stale_after: Duration | None = ...,
        weighted_priority_health: bool = ...,
    ) -> None: ...

class Endpoint(Message):
    address: Address
    hostname: str
    def __init__(
        self,
        *,
        address: Address | None = ...,
        hostname: str = ...,
    ) -> None: ...

class LbEndpoint(Message):
    endpoint: Endpoint
    endpoint_name: str
    health_status: int
    metadata: Metadata
    load_balancing_weight: UInt32Value
    def __init__(
        self,
        *,
        endpoint: Endpoint | None = ...,
        endpoint_name: str | None = ...,
        health_status: Literal[
            "UNKNOWN", "HEALTHY", "UNHEALTHY", "DRAINING", "TIMEOUT", "DEGRADED"
        ] = ...,
        metadata: Metadata | None = ...,
        load_balancing_weight: UInt32Value | None = ...,
    ) -> None: ...

class LocalityLbEndpoints(Message):
    locality: Locality
    metadata: Metadata
    lb_endpoints: Sequence[LbEndpoint]
    load_balancing_weight: UInt32Value
    priority: int
    proximity: UInt32Value
    def __init__(
        self,
        *,
        locality: Locality | None = ...,
        metadata: Metadata | None = ...,
        lb_endpoints: Iterable[LbEndpoint] = ...,
        load_balancing_weight: UInt32Value | None = ...,
        priority: int = ...,
        proximity: UInt32Value | None = ...,
    ) -> None: ...

class AdditionalAddress(Message):
    address: Address
    def __init__(
        self,
        *,
        address: Address | None = ...,
    ) -> None: ...

class Filter(Message):
    name: str
    typed_config: Any
    config_discovery: ExtensionConfigSource
    def __init__(
        self,
        *,
        name: str = ...,
        typed_config: Any | None = ...,
        config_discovery: ExtensionConfigSource | None = ...,
    ) -> None: ...

class FilterChain(Message):
    filter_chain_match: FilterChainMatch
    filters: Sequence[Filter]
    metadata: Metadata
    transport_socket: TransportSocket
    transport_socket_connect_timeout: Duration
    name: str
    def __init__(
        self,
        *,
        filter_chain_match: FilterChainMatch | None = ...,
        filters: Iterable[Filter] = ...,
        metadata: Metadata | None = ...,
        transport_socket: TransportSocket | None = ...,
        transport_socket_connect_timeout: Duration | None = ...,
        name: str = ...,
    ) -> None: ...

class FilterChainMatch(Message):
    destination_port: UInt32Value
    address_suffix: str
    suffix_len: UInt32Value
    source_type: int
    source_ports: Sequence[int]
    server_names: Sequence[str]
    transport_protocol: str
    application_protocols: Sequence[str]
    def __init__(
        self,
        *,
        destination_port: UInt32Value | None = ...,
        address_suffix: str = ...,
        suffix_len: UInt32Value | None = ...,
        source_type: Literal["ANY", "SAME_IP_OR_LOOPBACK", "EXTERNAL"] = ...,
        source_ports: Iterable[int] = ...,
        server_names: Iterable[str] = ...,
        transport_protocol: str = ...,
        application_protocols: Iterable[str] = ...,
    ) -> None: ...

class Listener(Message):
    name: str
    address: Address
    additional_addresses: Sequence[AdditionalAddress]
    stat_prefix: str
    filter_chains: Sequence[FilterChain]
    use_original_dst: BoolValue
    default_filter_chain: FilterChain
    per_connection_buffer_limit_bytes: UInt32Value
    metadata: Metadata
    drain_type: int
    listener_filters: Sequence[ListenerFilter]
    listener_filters_timeout: Duration
    continue_on_listener_filters_timeout: bool
    transparent: BoolValue
    freebind: BoolValue
    tcp_fast_open_queue_length: UInt32Value
    traffic_direction: int
    enable_reuse_port: BoolValue
    tcp_backlog_size: UInt32Value
    max_connections_to_accept_per_socket_event: UInt32Value
    bind_to_port: BoolValue
    internal_listener: InternalListener
    enable_mptcp: bool
    ignore_global_conn_limit: bool
    bypass_overload_manager: bool
    def __init__(
        self,
        *,
        name: str = ...,
        address: Address | None = ...,
        additional_addresses: Iterable[AdditionalAddress] = ...,
        stat_prefix: str = ...,
        filter_chains: Iterable[FilterChain] = ...,
        use_original_dst: BoolValue | None = ...,
        default_filter_chain: FilterChain | None = ...,
        per_connection_buffer_limit_bytes: UInt32Value | None = ...,
        metadata: Metadata | None = ...,
        drain_type: Literal["DEFAULT", "MODIFY_ONLY"] = ...,
        listener_filters: Iterable[ListenerFilter] = ...,
        listener_filters_timeout: Duration | None = ...,
        continue_on_listener_filters_timeout: bool = ...,
        transparent: BoolValue | None = ...,
        freebind: BoolValue | None = ...,
        tcp_fast_open_queue_length: UInt32Value | None = ...,
        traffic_direction: Literal["UNSPECIFIED", "INBOUND", "OUTBOUND"] = ...,
        enable_reuse_port: BoolValue | None = ...,
        tcp_backlog_size: UInt32Value | None = ...,
        max_connections_to_accept_per_socket_event: UInt32Value | None = ...,
        bind_to_port: BoolValue | None = ...,
        internal_listener: InternalListener | None = ...,
        enable_mptcp: bool = ...,
        ignore_global_conn_limit: bool = ...,
        bypass_overload_manager: bool = ...,
    ) -> None: ...

class InternalListener(Message):
    def __init__(
        self,
    ) -> None: ...

class ListenerFilter(Message):
    name: str
    typed_config: Any
    config_discovery: ExtensionConfigSource
    def __init__(
        self,
        *,
        name: str = ...,
        typed_config: Any | None = ...,
        config_discovery: ExtensionConfigSource | None = ...,
    ) -> None: ...

class OriginalDst(Message):
    def __init__(
        self,
    ) -> None: ...

class TlsInspector(Message):
    enable_ja3_fingerprinting: BoolValue
    enable_ja4_fingerprinting: BoolValue
    initial_read_buffer_size: UInt32Value
    close_connection_on_client_hello_parsing_errors: bool
    max_client_hello_size: UInt32Value
    def __init__(
        self,
        *,
        enable_ja3_fingerprinting: BoolValue | None = ...,
        enable_ja4_fingerprinting: BoolValue | None = ...,
        initial_read_buffer_size: UInt32Value | None = ...,
        close_connection_on_client_hello_parsing_errors: bool = ...,
        max_client_hello_size: UInt32Value | None = ...,
    ) -> None: ...

class TcpProxy(Message):
    stat_prefix: str
    cluster: str
    weighted_clusters: TcpWeightedCluster
    metadata_match: Metadata
    idle_timeout: Duration
    downstream_idle_timeout: Duration
    upstream_idle_timeout: Duration
    max_connect_attempts: UInt32Value
    max_downstream_connection_duration: Duration
    upstream_connect_mode: int
    max_early_data_bytes: UInt32Value
    def __init__(
        self,
        *,
        stat_prefix: str = ...,
        cluster: str | None = ...,
        weighted_clusters: TcpWeightedCluster | None = ...,
        metadata_match: Metadata | None = ...,
        idle_timeout: Duration | None = ...,
        downstream_idle_timeout: Duration | None = ...,
        upstream_idle_timeout: Duration | None = ...,
        max_connect_attempts: UInt32Value | None = ...,
        max_downstream_connection_duration: Duration | None = ...,
        upstream_connect_mode: Literal[
            "IMMEDIATE", "ON_DOWNSTREAM_DATA", "ON_DOWNSTREAM_TLS_HANDSHAKE"
        ] = ...,
        max_early_data_bytes: UInt32Value | None = ...,
    ) -> None: ...

class TcpWeightedCluster(Message):
    clusters: Sequence[TcpClusterWeight]
    def __init__(
        self,
        *,
        clusters: Iterable[TcpClusterWeight] = ...,
    ) -> None: ...

class TcpClusterWeight(Message):
    name: str
    weight: int
    metadata_match: Metadata
    def __init__(
        self,
        *,
        name: str = ...,
        weight: int = ...,
        metadata_match: Metadata | None = ...,
    ) -> None: ...

class GrpcStats(Message):
    emit_filter_state: bool
    stats_for_all_methods: BoolValue
    enable_upstream_stats: bool
    replace_dots_in_grpc_service_name: bool
    def __init__(
        self,
        *,
        emit_filter_state: bool = ...,
        stats_for_all_methods: BoolValue | None = ...,
        enable_upstream_stats: bool = ...,
        replace_dots_in_grpc_service_name: bool = ...,
    ) -> None: ...

class HttpConnectionManager(Message):
    codec_type: int
    stat_prefix: str
    rds: Rds
    route_config: RouteConfiguration
    http_filters: Sequence[HttpFilter]
    add_user_agent: BoolValue
    common_http_protocol_options: CommonHttpProtocolOptions
    http1_safe_max_connection_duration: bool
    http_protocol_options: Http1ProtocolOptions
    http2_protocol_options: Http2ProtocolOptions
    server_name: str
    server_header_transformation: int
    max_request_headers_kb: UInt32Value
    stream_idle_timeout: Duration
    stream_flush_timeout: Duration
    request_timeout: Duration
    request_headers_timeout: Duration
    drain_timeout: Duration
    delayed_close_timeout: Duration
    use_remote_address: BoolValue
    xff_num_trusted_hops: int
    original_ip_detection_extensions: Sequence[TypedExtensionConfig]
    early_header_mutation_extensions: Sequence[TypedExtensionConfig]
    skip_xff_append: bool
    via: str
    generate_request_id: BoolValue
    preserve_external_request_id: bool
    always_set_request_id_in_response: bool
    forward_client_cert_details: int
    proxy_100_continue: bool
    represent_ipv4_remote_address_as_ipv4_mapped_ipv6: bool
    upgrade_configs: Sequence[HttpUpgrade]
    normalize_path: BoolValue
    merge_slashes: bool
    path_with_escaped_slashes_action: int
    strip_matching_host_port: bool
    strip_any_host_port: bool
    stream_error_on_invalid_http_message: BoolValue
    strip_trailing_host_dot: bool
    typed_header_validation_config: TypedExtensionConfig
    append_x_forwarded_port: bool
    append_local_overload: bool
    add_proxy_protocol_connection_state: BoolValue
    def __init__(
        self,
        *,
        codec_type: Literal["AUTO", "HTTP1", "HTTP2", "HTTP3"] = ...,
        stat_prefix: str = ...,
        rds: Rds | None = ...,
        route_config: RouteConfiguration | None = ...,
        http_filters: Iterable[HttpFilter] = ...,
        add_user_agent: BoolValue | None = ...,
        common_http_protocol_options: CommonHttpProtocolOptions | None = ...,
        http1_safe_max_connection_duration: bool = ...,
        http_protocol_options: Http1ProtocolOptions | None = ...,
        http2_protocol_options: Http2ProtocolOptions | None = ...,
        server_name: str = ...,
        server_header_transformation: Literal[
            "OVERWRITE", "APPEND_IF_ABSENT", "PASS_THROUGH"
        ] = ...,
        max_request_headers_kb: UInt32Value | None = ...,
        stream_idle_timeout: Duration | None = ...,
        stream_flush_timeout: Duration | None = ...,
        request_timeout: Duration | None = ...,
        request_headers_timeout: Duration | None = ...,
        drain_timeout: Duration | None = ...,
        delayed_close_timeout: Duration | None = ...,
        use_remote_address: BoolValue | None = ...,
        xff_num_trusted_hops: int = ...,
        original_ip_detection_extensions: Iterable[TypedExtensionConfig] = ...,
        early_header_mutation_extensions: Iterable[TypedExtensionConfig] = ...,
        skip_xff_append: bool = ...,
        via: str = ...,
        generate_request_id: BoolValue | None = ...,
        preserve_external_request_id: bool = ...,
        always_set_request_id_in_response: bool = ...,
        forward_client_cert_details: Literal[
            "SANITIZE", "FORWARD_ONLY", "APPEND_FORWARD", "SANITIZE_SET", "ALWAYS_FORWARD_ONLY"
        ] = ...,
        proxy_100_continue: bool = ...,
        represent_ipv4_remote_address_as_ipv4_mapped_ipv6: bool = ...,
        upgrade_configs: Iterable[HttpUpgrade] = ...,
        normalize_path: BoolValue | None = ...,
        merge_slashes: bool = ...,
        path_with_escaped_slashes_action: Literal[
            "IMPLEMENTATION_SPECIFIC_DEFAULT",
            "KEEP_UNCHANGED",
            "REJECT_REQUEST",
            "UNESCAPE_AND_REDIRECT",
            "UNESCAPE_AND_FORWARD",
        ] = ...,
        strip_matching_host_port: bool = ...,
        strip_any_host_port: bool | None = ...,
        stream_error_on_invalid_http_message: BoolValue | None = ...,
        strip_trailing_host_dot: bool = ...,
        typed_header_validation_config: TypedExtensionConfig | None = ...,
        append_x_forwarded_port: bool = ...,
        append_local_overload: bool = ...,
        add_proxy_protocol_connection_state: BoolValue | None = ...,
    ) -> None: ...

class HttpFilter(Message):
    name: str
    typed_config: Any
    config_discovery: ExtensionConfigSource
    is_optional: bool
    disabled: bool
    def __init__(
        self,
        *,
        name: str = ...,
        typed_config: Any | None = ...,
        config_discovery: ExtensionConfigSource | None = ...,
        is_optional: bool = ...,
        disabled: bool = ...,
    ) -> None: ...

class HttpUpgrade(Message):
    upgrade_type: str
    filters: Sequence[HttpFilter]
    enabled: BoolValue
    def __init__(
        self,
        *,
        upgrade_type: str = ...,
        filters: Iterable[HttpFilter] = ...,
        enabled: BoolValue | None = ...,
    ) -> None: ...

class Rds(Message):
    config_source: ConfigSource
    route_config_name: str
    def __init__(
        self,
        *,
        config_source: ConfigSource | None = ...,
        route_config_name: str = ...,
    ) -> None: ...

class Router(Message):
    dynamic_stats: BoolValue
    suppress_envoy_headers: bool
    strict_check_headers: Sequence[str]
    respect_expected_rq_timeout: bool
    suppress_grpc_request_failure_code_stats: bool
    upstream_http_filters: Sequence[HttpFilter]
    def __init__(
        self,
        *,
        dynamic_stats: BoolValue | None = ...,
        suppress_envoy_headers: bool = ...,
        strict_check_headers: Iterable[str] = ...,
        respect_expected_rq_timeout: bool = ...,
        suppress_grpc_request_failure_code_stats: bool = ...,
        upstream_http_filters: Iterable[HttpFilter] = ...,
    ) -> None: ...

class NetworkRbac(Message):
    rules: RbacRules
    shadow_rules: RbacRules
    shadow_rules_stat_prefix: str
    stat_prefix: str
    enforcement_type: int
    delay_deny: Duration
    def __init__(
        self,
        *,
        rules: RbacRules | None = ...,
        shadow_rules: RbacRules | None = ...,
        shadow_rules_stat_prefix: str = ...,
        stat_prefix: str = ...,
        enforcement_type: Literal["ONE_TIME_ON_FIRST_BYTE", "CONTINUOUS"] = ...,
        delay_deny: Duration | None = ...,
    ) -> None: ...

class RbacRules(Message):
    action: int
    policies: Mapping[str, RbacPolicy]
    def __init__(
        self,
        *,
        action: Literal["ALLOW", "DENY", "LOG"] = ...,
        policies: Mapping[str, RbacPolicy] = ...,
    ) -> None: ...

class RbacPolicy(Message):
    permissions: Sequence[RbacPermission]
    principals: Sequence[RbacPrincipal]
    def __init__(
        self,
        *,
        permissions: Iterable[RbacPermission] = ...,
        principals: Iterable[RbacPrincipal] = ...,
    ) -> None: ...

class RbacPermission(Message):
    any: bool
    header: HeaderMatcher
    destination_port: int
    not_rule: RbacPermission
    requested_server_name: StringMatcher
    matcher: TypedExtensionConfig
    uri_template: TypedExtensionConfig
    def __init__(
        self,
        *,
        any: bool | None = ...,
        header: HeaderMatcher | None = ...,
        destination_port: int | None = ...,
        not_rule: RbacPermission | None = ...,
        requested_server_name: StringMatcher | None = ...,
        matcher: TypedExtensionConfig | None = ...,
        uri_template: TypedExtensionConfig | None = ...,
    ) -> None: ...

class RbacPrincipal(Message):
    any: bool
    authenticated: RbacAuthenticated
    header: HeaderMatcher
    not_id: RbacPrincipal
    custom: TypedExtensionConfig
    def __init__(
        self,
        *,
        any: bool | None = ...,
        authenticated: RbacAuthenticated | None = ...,
        header: HeaderMatcher | None = ...,
        not_id: RbacPrincipal | None = ...,
        custom: TypedExtensionConfig | None = ...,
    ) -> None: ...

class RbacAuthenticated(Message):
    principal_name: StringMatcher
    def __init__(
        self,
        *,
        principal_name: StringMatcher | None = ...,
    ) -> None: ...

class ConnectConfig(Message):
    allow_post: bool
    def __init__(
        self,
        *,
        allow_post: bool = ...,
    ) -> None: ...

class ConnectMatcher(Message):
    def __init__(
        self,
    ) -> None: ...

class ClusterWeight(Message):
    name: str
    cluster_header: str
    weight: UInt32Value
    metadata_match: Metadata
    request_headers_to_add: Sequence[HeaderValueOption]
    request_headers_to_remove: Sequence[str]
    response_headers_to_add: Sequence[HeaderValueOption]
    response_headers_to_remove: Sequence[str]
    typed_per_filter_config: Mapping[str, Any]
    host_rewrite_literal: str
    def __init__(
        self,
        *,
        name: str = ...,
        cluster_header: str = ...,
        weight: UInt32Value | None = ...,
        metadata_match: Metadata | None = ...,
        request_headers_to_add: Iterable[HeaderValueOption] = ...,
        request_headers_to_remove: Iterable[str] = ...,
        response_headers_to_add: Iterable[HeaderValueOption] = ...,
        response_headers_to_remove: Iterable[str] = ...,
        typed_per_filter_config: Mapping[str, Any] = ...,
        host_rewrite_literal: str | None = ...,
    ) -> None: ...

class DirectResponseAction(Message):
    status: int
    body: DataSource
    def __init__(
        self,
        *,
        status: int = ...,
        body: DataSource | None = ...,
    ) -> None: ...

class HeaderMatcher(Message):
    name: str
    present_match: bool
    string_match: StringMatcher
    invert_match: bool
    treat_missing_header_as_empty: bool
    def __init__(
        self,
        *,
        name: str = ...,
        present_match: bool | None = ...,
        string_match: StringMatcher | None = ...,
        invert_match: bool = ...,
        treat_missing_header_as_empty: bool = ...,
    ) -> None: ...

class QueryParameterMatcher(Message):
    name: str
    string_match: StringMatcher
    present_match: bool
    def __init__(
        self,
        *,
        name: str = ...,
        string_match: StringMatcher | None = ...,
        present_match: bool | None = ...,
    ) -> None: ...

class Route(Message):
    name: str
    match: RouteMatch
    route: RouteAction
    direct_response: DirectResponseAction
    metadata: Metadata
    typed_per_filter_config: Mapping[str, Any]
    request_headers_to_add: Sequence[HeaderValueOption]
    request_headers_to_remove: Sequence[str]
    response_headers_to_add: Sequence[HeaderValueOption]
    response_headers_to_remove: Sequence[str]
    stat_prefix: str
    def __init__(
        self,
        *,
        name: str = ...,
        match: RouteMatch | None = ...,
        route: RouteAction | None = ...,
        direct_response: DirectResponseAction | None = ...,
        metadata: Metadata | None = ...,
        typed_per_filter_config: Mapping[str, Any] = ...,
        request_headers_to_add: Iterable[HeaderValueOption] = ...,
        request_headers_to_remove: Iterable[str] = ...,
        response_headers_to_add: Iterable[HeaderValueOption] = ...,
        response_headers_to_remove: Iterable[str] = ...,
        stat_prefix: str = ...,
    ) -> None: ...

class RouteAction(Message):
    cluster: str
    cluster_header: str
    weighted_clusters: WeightedCluster
    cluster_specifier_plugin: str
    cluster_not_found_response_code: int
    metadata_match: Metadata
    prefix_rewrite: str
    path_rewrite_policy: TypedExtensionConfig
    path_rewrite: str
    host_rewrite_literal: str
    auto_host_rewrite: BoolValue
    host_rewrite_header: str
    host_rewrite: str
    append_x_forwarded_host: bool
    timeout: Duration
    idle_timeout: Duration
    flush_timeout: Duration
    early_data_policy: TypedExtensionConfig
    retry_policy_typed_config: Any
    priority: int
    upgrade_configs: Sequence[RouteUpgrade]
    def __init__(
        self,
        *,
        cluster: str | None = ...,
        cluster_header: str | None = ...,
        weighted_clusters: WeightedCluster | None = ...,
        cluster_specifier_plugin: str | None = ...,
        cluster_not_found_response_code: Literal[
            "SERVICE_UNAVAILABLE", "NOT_FOUND", "INTERNAL_SERVER_ERROR"
        ] = ...,
        metadata_match: Metadata | None = ...,
        prefix_rewrite: str = ...,
        path_rewrite_policy: TypedExtensionConfig | None = ...,
        path_rewrite: str = ...,
        host_rewrite_literal: str | None = ...,
        auto_host_rewrite: BoolValue | None = ...,
        host_rewrite_header: str | None = ...,
        host_rewrite: str | None = ...,
        append_x_forwarded_host: bool = ...,
        timeout: Duration | None = ...,
        idle_timeout: Duration | None = ...,
        flush_timeout: Duration | None = ...,
        early_data_policy: TypedExtensionConfig | None = ...,
        retry_policy_typed_config: Any | None = ...,
        priority: Literal["DEFAULT", "HIGH"] = ...,
        upgrade_configs: Iterable[RouteUpgrade] = ...,
    ) -> None: ...

class RouteConfiguration(Message):
    name: str
    virtual_hosts: Sequence[VirtualHost]
    internal_only_headers: Sequence[str]
    response_headers_to_add: Sequence[HeaderValueOption]
    response_headers_to_remove: Sequence[str]
    request_headers_to_add: Sequence[HeaderValueOption]
    request_headers_to_remove: Sequence[str]
    most_specific_header_mutations_wins: bool
    validate_clusters: BoolValue
    max_direct_response_body_size_bytes: UInt32Value
    ignore_port_in_host_matching: bool
    vhost_header: str
    ignore_path_parameters_in_path_matching: bool
    typed_per_filter_config: Mapping[str, Any]
    metadata: Metadata
    def __init__(
        self,
        *,
        name: str = ...,
        virtual_hosts: Iterable[VirtualHost] = ...,
        internal_only_headers: Iterable[str] = ...,
        response_headers_to_add: Iterable[HeaderValueOption] = ...,
        response_headers_to_remove: Iterable[str] = ...,
        request_headers_to_add: Iterable[HeaderValueOption] = ...,
        request_headers_to_remove: Iterable[str] = ...,
        most_specific_header_mutations_wins: bool = ...,
        validate_clusters: BoolValue | None = ...,
        max_direct_response_body_size_bytes: UInt32Value | None = ...,
        ignore_port_in_host_matching: bool = ...,
        vhost_header: str = ...,
        ignore_path_parameters_in_path_matching: bool = ...,
        typed_per_filter_config: Mapping[str, Any] = ...,
        metadata: Metadata | None = ...,
    ) -> None: ...

class RouteMatch(Message):
    prefix: str
    path: str
    safe_regex: RegexMatcher
    connect_matcher: ConnectMatcher
    path_separated_prefix: str
    path_match_policy: TypedExtensionConfig
    case_sensitive: BoolValue
    headers: Sequence[HeaderMatcher]
    query_parameters: Sequence[QueryParameterMatcher]
    def __init__(
        self,
        *,
        prefix: str | None = ...,
        path: str | None = ...,
        safe_regex: RegexMatcher | None = ...,
        connect_matcher: ConnectMatcher | None = ...,
        path_separated_prefix: str | None = ...,
        path_match_policy: TypedExtensionConfig | None = ...,
        case_sensitive: BoolValue | None = ...,
        headers: Iterable[HeaderMatcher] = ...,
        query_parameters: Iterable[QueryParameterMatcher] = ...,
    ) -> None: ...

class RouteUpgrade(Message):
    upgrade_type: str
    enabled: BoolValue
    connect_config: ConnectConfig
    def __init__(
        self,
        *,
        upgrade_type: str = ...,
        enabled: BoolValue | None = ...,
        connect_config: ConnectConfig | None = ...,
    ) -> None: ...

class VirtualHost(Message):
    name: str
    domains: Sequence[str]
    routes: Sequence[Route]
    require_tls: int
    request_headers_to_add: Sequence[HeaderValueOption]
    request_headers_to_remove: Sequence[str]
    response_headers_to_add: Sequence[HeaderValueOption]
    response_headers_to_remove: Sequence[str]
    typed_per_filter_config: Mapping[str, Any]
    include_request_attempt_count: bool
    include_attempt_count_in_response: bool
    retry_policy_typed_config: Any
    include_is_timeout_retry_header: bool
    metadata: Metadata
    def __init__(
        self,
        *,
        name: str = ...,
        domains: Iterable[str] = ...,
        routes: Iterable[Route] = ...,
        require_tls: Literal["NONE", "EXTERNAL_ONLY", "ALL"] = ...,
        request_headers_to_add: Iterable[HeaderValueOption] = ...,
        request_headers_to_remove: Iterable[str] = ...,
        response_headers_to_add: Iterable[HeaderValueOption] = ...,
        response_headers_to_remove: Iterable[str] = ...,
        typed_per_filter_config: Mapping[str, Any] = ...,
        include_request_attempt_count: bool = ...,
        include_attempt_count_in_response: bool = ...,
        retry_policy_typed_config: Any | None = ...,
        include_is_timeout_retry_header: bool = ...,
        metadata: Metadata | None = ...,
    ) -> None: ...

class WeightedCluster(Message):
    clusters: Sequence[ClusterWeight]
    runtime_key_prefix: str
    header_name: str
    use_hash_policy: BoolValue
    def __init__(
        self,
        *,
        clusters: Iterable[ClusterWeight] = ...,
        runtime_key_prefix: str = ...,
        header_name: str | None = ...,
        use_hash_policy: BoolValue | None = ...,
    ) -> None: ...

class CertificateValidationContext(Message):
    trusted_ca: DataSource
    verify_certificate_spki: Sequence[str]
    verify_certificate_hash: Sequence[str]
    match_typed_subject_alt_names: Sequence[SubjectAltNameMatcher]
    require_signed_certificate_timestamp: BoolValue
    crl: DataSource
    allow_expired_certificate: bool
    trust_chain_verification: int
    custom_validator_config: TypedExtensionConfig
    only_verify_leaf_cert_crl: bool
    max_verify_depth: UInt32Value
    def __init__(
        self,
        *,
        trusted_ca: DataSource | None = ...,
        verify_certificate_spki: Iterable[str] = ...,
        verify_certificate_hash: Iterable[str] = ...,
        match_typed_subject_alt_names: Iterable[SubjectAltNameMatcher] = ...,
        require_signed_certificate_timestamp: BoolValue | None = ...,
        crl: DataSource | None = ...,
        allow_expired_certificate: bool = ...,
        trust_chain_verification: Literal["VERIFY_TRUST_CHAIN", "ACCEPT_UNTRUSTED"] = ...,
        custom_validator_config: TypedExtensionConfig | None = ...,
        only_verify_leaf_cert_crl: bool = ...,
        max_verify_depth: UInt32Value | None = ...,
    ) -> None: ...

class CombinedValidationContext(Message):
    default_validation_context: CertificateValidationContext
    validation_context_sds_secret_config: SdsSecretConfig
    def __init__(
        self,
        *,
        default_validation_context: CertificateValidationContext | None = ...,
        validation_context_sds_secret_config: SdsSecretConfig | None = ...,
    ) -> None: ...

class CommonTlsContext(Message):
    tls_params: TlsParameters
    tls_certificates: Sequence[TlsCertificate]
    tls_certificate_sds_secret_configs: Sequence[SdsSecretConfig]
    custom_tls_certificate_selector: TypedExtensionConfig
    validation_context: CertificateValidationContext
    validation_context_sds_secret_config: SdsSecretConfig
    combined_validation_context: CombinedValidationContext
    alpn_protocols: Sequence[str]
    custom_handshaker: TypedExtensionConfig
    def __init__(
        self,
        *,
        tls_params: TlsParameters | None = ...,
        tls_certificates: Iterable[TlsCertificate] = ...,
        tls_certificate_sds_secret_configs: Iterable[SdsSecretConfig] = ...,
        custom_tls_certificate_selector: TypedExtensionConfig | None = ...,
        validation_context: CertificateValidationContext | None = ...,
        validation_context_sds_secret_config: SdsSecretConfig | None = ...,
        combined_validation_context: CombinedValidationContext | None = ...,
        alpn_protocols: Iterable[str] = ...,
        custom_handshaker: TypedExtensionConfig | None = ...,
    ) -> None: ...

class DownstreamTlsContext(Message):
    common_tls_context: CommonTlsContext
    require_client_certificate: BoolValue
    require_sni: BoolValue
    session_ticket_keys_sds_secret_config: SdsSecretConfig
    disable_stateless_session_resumption: bool
    disable_stateful_session_resumption: bool
    session_timeout: Duration
    ocsp_staple_policy: int
    full_scan_certs_on_sni_mismatch: BoolValue
    prefer_client_ciphers: bool
    def __init__(
        self,
        *,
        common_tls_context: CommonTlsContext | None = ...,
        require_client_certificate: BoolValue | None = ...,
        require_sni: BoolValue | None = ...,
        session_ticket_keys_sds_secret_config: SdsSecretConfig | None = ...,
        disable_stateless_session_resumption: bool | None = ...,
        disable_stateful_session_resumption: bool = ...,
        session_timeout: Duration | None = ...,
        ocsp_staple_policy: Literal["LENIENT_STAPLING", "STRICT_STAPLING", "MUST_STAPLE"] = ...,
        full_scan_certs_on_sni_mismatch: BoolValue | None = ...,
        prefer_client_ciphers: bool = ...,
    ) -> None: ...

class RawBuffer(Message):
    def __init__(
        self,
    ) -> None: ...

class SdsSecretConfig(Message):
    name: str
    sds_config: ConfigSource
    def __init__(
        self,
        *,
        name: str = ...,
        sds_config: ConfigSource | None = ...,
    ) -> None: ...

class Secret(Message):
    name: str
    tls_certificate: TlsCertificate
    validation_context: CertificateValidationContext
    def __init__(
        self,
        *,
        name: str = ...,
        tls_certificate: TlsCertificate | None = ...,
        validation_context: CertificateValidationContext | None = ...,
    ) -> None: ...

class SpiffeTrustDomain(Message):
    name: str
    trust_bundle: DataSource
    def __init__(
        self,
        *,
        name: str = ...,
        trust_bundle: DataSource | None = ...,
    ) -> None: ...

class SpiffeValidator(Message):
    trust_domains: Sequence[SpiffeTrustDomain]
    trust_bundles: DataSource
    def __init__(
        self,
        *,
        trust_domains: Iterable[SpiffeTrustDomain] = ...,
        trust_bundles: DataSource | None = ...,
    ) -> None: ...

class SubjectAltNameMatcher(Message):
    san_type: int
    matcher: StringMatcher
    oid: str
    def __init__(
        self,
        *,
        san_type: Literal[
            "SAN_TYPE_UNSPECIFIED", "EMAIL", "DNS", "URI", "IP_ADDRESS", "OTHER_NAME"
        ] = ...,
        matcher: StringMatcher | None = ...,
        oid: str = ...,
    ) -> None: ...

class TlsCertificate(Message):
    certificate_chain: DataSource
    private_key: DataSource
    pkcs12: DataSource
    password: DataSource
    ocsp_staple: DataSource
    signed_certificate_timestamp: Sequence[DataSource]
    def __init__(
        self,
        *,
        certificate_chain: DataSource | None = ...,
        private_key: DataSource | None = ...,
        pkcs12: DataSource | None = ...,
        password: DataSource | None = ...,
        ocsp_staple: DataSource | None = ...,
        signed_certificate_timestamp: Iterable[DataSource] = ...,
    ) -> None: ...

class TlsParameters(Message):
    tls_minimum_protocol_version: int
    tls_maximum_protocol_version: int
    cipher_suites: Sequence[str]
    ecdh_curves: Sequence[str]
    signature_algorithms: Sequence[str]
    compliance_policies: Sequence[int]
    def __init__(
        self,
        *,
        tls_minimum_protocol_version: Literal[
            "TLS_AUTO", "TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3"
        ] = ...,
        tls_maximum_protocol_version: Literal[
            "TLS_AUTO", "TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3"
        ] = ...,
        cipher_suites: Iterable[str] = ...,
        ecdh_curves: Iterable[str] = ...,
        signature_algorithms: Iterable[str] = ...,
        compliance_policies: Iterable[Literal["FIPS_202205"]] = ...,
    ) -> None: ...

class UpstreamTlsContext(Message):
    common_tls_context: CommonTlsContext
    sni: str
    auto_host_sni: bool
    auto_sni_san_validation: bool
    allow_renegotiation: bool
    max_session_keys: UInt32Value
    enforce_rsa_key_usage: BoolValue
    def __init__(
        self,
        *,
        common_tls_context: CommonTlsContext | None = ...,
        sni: str = ...,
        auto_host_sni: bool = ...,
        auto_sni_san_validation: bool = ...,
        allow_renegotiation: bool = ...,
        max_session_keys: UInt32Value | None = ...,
        enforce_rsa_key_usage: BoolValue | None = ...,
    ) -> None: ...

class DeltaDiscoveryRequest(Message):
    node: Node
    type_url: str
    resource_names_subscribe: Sequence[str]
    resource_names_unsubscribe: Sequence[str]
    initial_resource_versions: Mapping[str, str]
    response_nonce: str
    error_detail: Status
    def __init__(
        self,
        *,
        node: Node | None = ...,
        type_url: str = ...,
        resource_names_subscribe: Iterable[str] = ...,
        resource_names_unsubscribe: Iterable[str] = ...,
        initial_resource_versions: Mapping[str, str] = ...,
        response_nonce: str = ...,
        error_detail: Status | None = ...,
    ) -> None: ...

class DeltaDiscoveryResponse(Message):
    system_version_info: str
    resources: Sequence[DiscoveryResource]
    type_url: str
    removed_resources: Sequence[str]
    nonce: str
    def __init__(
        self,
        *,
        system_version_info: str = ...,
        resources: Iterable[DiscoveryResource] = ...,
        type_url: str = ...,
        removed_resources: Iterable[str] = ...,
        nonce: str = ...,
    ) -> None: ...

class DiscoveryResource(Message):
    name: str
    aliases: Sequence[str]
    version: str
    resource: Any
    ttl: Duration
    metadata: Metadata
    def __init__(
        self,
        *,
        name: str = ...,
        aliases: Iterable[str] = ...,
        version: str = ...,
        resource: Any | None = ...,
        ttl: Duration | None = ...,
        metadata: Metadata | None = ...,
    ) -> None: ...
