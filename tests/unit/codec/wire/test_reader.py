"""Kubernetes' protobuf, read: bytes kubectl 1.37 sent, and bytes nobody should."""

from hypothesis import given
from hypothesis import strategies as st

from tulle.codec.wire.reader import MAGIC, read_object
from tulle.model.problems import Problem


def field(number: int, data: bytes | str) -> bytes:
    """A field of bytes; small enough for one byte of length each."""
    raw = data.encode() if isinstance(data, str) else data
    assert len(raw) < 128
    return bytes([number << 3 | 2, len(raw)]) + raw


def number(number: int, value: int) -> bytes:
    return bytes([number << 3, value])


def envelope(version: str, kind: str, raw: bytes) -> bytes:
    head = field(1, field(1, version) + field(2, kind))
    return MAGIC + head + field(2, raw) + field(3, "") + field(4, "")


# kubectl create configmap a --from-literal=x=y
CONFIG_MAP = (
    b'k8s\x00\n\x0f\n\x02v1\x12\tConfigMap\x12\x1b\n\x11\n\x01a\x12\x00\x1a\x00"\x00*\x002\x008\x00B\x00'
    b'\x12\x06\n\x01x\x12\x01y\x1a\x00"\x00'
)
# kubectl auth can-i get services
REVIEW = (
    b"k8s\x00\n2\n\x17authorization.k8s.io/v1\x12\x17SelfSubjectAccessReview\x12@\n\x10\n\x00\x12\x00"
    b'\x1a\x00"\x00*\x002\x008\x00B\x00\x12"\n \n\x07default\x12\x03get\x1a\x00"\x00*\x08services2\x00:\x00'
    b'\x1a\x08\x08\x00\x12\x00\x1a\x00 \x00\x1a\x00"\x00'
)


def test_what_kubectl_sends_is_what_json_would_have_been() -> None:
    assert read_object(CONFIG_MAP) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a"},
        "data": {"x": "y"},
    }
    assert read_object(REVIEW) == {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {
            "resourceAttributes": {"namespace": "default", "verb": "get", "resource": "services"}
        },
    }


def test_ports_may_be_numbers_or_names_and_bytes_become_base64() -> None:
    named = field(1, "a") + number(3, 80) + field(4, number(1, 1) + field(3, "http"))
    numbered = number(3, 81) + field(4, number(1, 0) + number(2, 8))
    service = field(1, field(1, "s")) + field(2, field(1, named) + field(1, numbered))
    found = read_object(envelope("v1", "Service", service))
    assert isinstance(found, dict)
    assert found["spec"] == {
        "ports": [{"name": "a", "port": 80, "targetPort": "http"}, {"port": 81, "targetPort": 8}]
    }

    secret = read_object(envelope("v1", "Secret", field(2, field(1, "k") + field(2, b"\xff"))))
    assert isinstance(secret, dict)
    assert secret["data"] == {"k": "/w=="}


def test_a_time_is_written_as_json_has_it() -> None:
    seconds = b"\x08" + bytes([0x80 | 0x01, 0x01])  # 129
    metadata = field(1, "a") + field(8, seconds)
    found = read_object(envelope("v1", "Namespace", field(1, metadata)))

    assert isinstance(found, dict)
    assert found["metadata"] == {"name": "a", "creationTimestamp": "1970-01-01T00:02:09Z"}


def test_kinds_and_fields_nobody_listed_are_refused_and_not_skipped() -> None:
    for data in (
        b"{}",
        envelope("v1", "Pod", b""),
        envelope("v1", "ConfigMap", field(9, "x")),
        envelope("v1", "ConfigMap", number(1, 7)),
        envelope("v1", "ConfigMap", b"\x0b"),
        CONFIG_MAP[:-1],
    ):
        found = read_object(data)
        assert isinstance(found, Problem)
        assert found.code == "protobuf-malformed"


@given(st.binary())
def test_no_bytes_break_it(data: bytes) -> None:
    for body in (MAGIC + data, envelope("v1", "Service", data[:80])):
        assert isinstance(read_object(body), dict | Problem)
