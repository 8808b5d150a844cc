"""What agents and the control plane say to each other survives the wire, and nothing else gets in."""

import msgspec
import pytest

from tulle.model import wire
from tulle.model.kinds.workload import BoundPort, BoundUpstream, HttpProxy, Locality, WorkloadPort

FROM_AGENT = [
    wire.Register(
        address="10.0.0.1",
        ports=(WorkloadPort(port=80, name="http"),),
        bound_upstreams=(BoundUpstream(service="a", namespace="b", port=80, local_port=9),),
        http_proxy=HttpProxy(),
        http_proxy_port=18000,
        locality=Locality(region="eu"),
        mtls_port=15009,
        plaintext_ports=(BoundPort(port=80, proxy_port=15006),),
        healthy=True,
    ),
    wire.HealthReport(healthy=False, reason="connection refused"),
    wire.Draining(deadline_s=20.0),
    wire.EdgeReport(
        edges=(
            wire.EdgeSample(
                service="a",
                namespace="b",
                port=80,
                protocol="http",
                requests=3,
                failures=1,
                connections=2,
                handshakes=2,
                p50_ms=1.5,
            ),
        ),
        inbound_handshakes=4,
    ),
]
FROM_SERVER = [
    wire.Registered(revision=7),
    wire.Left(pending=("shop/web",)),
    wire.Refused(code="workload-taken", message="is connected already"),
]


@pytest.mark.parametrize("frame", FROM_AGENT, ids=lambda frame: type(frame).__name__)
def test_what_an_agent_says_arrives_as_it_was(frame: wire.FromAgent) -> None:
    assert wire.decode_from_agent(wire.encode(frame)) == frame


@pytest.mark.parametrize("frame", FROM_SERVER, ids=lambda frame: type(frame).__name__)
def test_what_the_control_plane_says_arrives_as_it_was(frame: wire.FromServer) -> None:
    assert wire.decode_from_server(wire.encode(frame)) == frame


@pytest.mark.parametrize("frame", FROM_SERVER, ids=lambda frame: type(frame).__name__)
def test_an_agent_cannot_speak_as_the_control_plane(frame: wire.FromServer) -> None:
    with pytest.raises(msgspec.DecodeError):
        wire.decode_from_agent(wire.encode(frame))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b'{"type":"nonsense"}',
        b'{"type":"draining"}',
        b'{"type":"draining","deadlineS":"soon"}',
        b'{"type":"health","healthy":true,"extra":1}',
        b'{"type":"register","address":"a","mtlsPort":0}',
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        wire.decode_from_agent(data)


def test_a_token_shows_in_no_text_form_of_a_request_to_join() -> None:
    request = wire.JoinRequest(
        token="tulle1.hunter2", namespace="a", service_account="b", labels={}, csr="pem"
    )

    assert "hunter2" not in repr(request)
    assert "hunter2" not in str(request)
    assert wire.encode(request) == (
        b'{"token":"tulle1.hunter2","namespace":"a","serviceAccount":"b","labels":{},"csr":"pem"}'
    )


def test_a_workloads_dns_name_tells_instances_apart() -> None:
    assert wire.workload_dns_name("shop", "web-1") == "web-1.shop.workload.tulle"
