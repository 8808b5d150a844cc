"""Mesh: one, with ranges that are ranges and times that fit together."""

import pytest
from tests.unit.codec.reading import errors, found, resource


def mesh(spec: str, name: str = "default") -> str:
    return resource("Mesh", spec, f"name: {name}")


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "virtualAddresses: {ipv4: 10.96.0.0/12, ipv6: 'fd00::/108'}",
        "virtualAddresses: {ipv6: ''}",
        "virtualAddresses: {ipv4: '', ipv6: ''}",
        "certificates: {lifetime: 10s}, connections: {maxAge: 5s, drain: 6s}",
    ],
)
def test_defaults_and_sound_settings_are_taken(spec: str) -> None:
    assert found(mesh(spec)) == set()


@pytest.mark.parametrize(
    ("spec", "path", "code"),
    [
        ("virtualAddresses: {ipv4: nonsense}", "virtualAddresses.ipv4", "bad-address"),
        ("virtualAddresses: {ipv4: 10.0.0.1/8}", "virtualAddresses.ipv4", "bad-address"),
        ("virtualAddresses: {ipv4: 'fd00::/108'}", "virtualAddresses.ipv4", "bad-address"),
        ("virtualAddresses: {ipv6: 10.0.0.0/8}", "virtualAddresses.ipv6", "bad-address"),
        ("virtualAddresses: {ipv4: 127.0.0.0/8}", "virtualAddresses.ipv4", "bad-address"),
        ("virtualAddresses: {ipv4: 10.0.0.0/31}", "virtualAddresses.ipv4", "out-of-range"),
        ("certificates: {lifetime: 9999ms}", "certificates.lifetime", "out-of-range"),
        ("connections: {connectTimeout: 0s}", "connections.connectTimeout", "out-of-range"),
        ("connections: {maxAge: 0s}", "connections.maxAge", "out-of-range"),
        ("connections: {drain: 30s}", "connections.drain", "out-of-range"),
    ],
)
def test_each_mistake_is_one_problem_at_its_field(spec: str, path: str, code: str) -> None:
    assert errors(mesh(spec)) == {(f"spec.{path}", code)}


def test_there_is_one_mesh() -> None:
    assert errors(mesh("", "mine")) == {("metadata.name", "bad-name")}
