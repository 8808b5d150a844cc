"""Rules for Mesh: one, with address ranges that are ranges and times that fit together."""

import ipaddress
from collections.abc import Iterator

from tulle.model.durations import seconds
from tulle.model.kinds.mesh import DEFAULT_NAME, Certificates, Connections, Mesh, VirtualAddresses
from tulle.model.problems import Problem

MIN_LIFETIME_S = 10.0
"""Below this, certificates would expire while they are being renewed."""

_MIN_ADDRESSES = 4
_EXAMPLES = {4: "240.0.0.0/16", 6: "fd00::/112"}


def check(mesh: Mesh) -> Iterator[Problem]:
    """The rules for the Mesh."""
    if mesh.metadata.name != DEFAULT_NAME:
        message = f"there is one Mesh, named {DEFAULT_NAME}, not {mesh.metadata.name!r}"
        yield Problem("metadata.name", "bad-name", message)
    yield from _ranges(mesh.spec.virtual_addresses)
    yield from _certificates(mesh.spec.certificates)
    yield from _connections(mesh.spec.connections)


def _ranges(ranges: VirtualAddresses) -> Iterator[Problem]:
    for version, text in ((4, ranges.ipv4), (6, ranges.ipv6)):
        at = f"spec.virtualAddresses.ipv{version}"
        if not text:  # none of this family, please
            continue
        try:
            network = ipaddress.ip_network(text)
        except ValueError as error:
            message = f"must be a range such as {_EXAMPLES[version]}: {error}"
            yield Problem(at, "bad-address", message, '"" switches the family off')
            continue
        if network.version != version:
            yield Problem(at, "bad-address", f"must be a range of IPv{version}, not {text}")
        elif network.num_addresses < _MIN_ADDRESSES:
            message = f"has {network.num_addresses} addresses, fewer than {_MIN_ADDRESSES}"
            yield Problem(at, "out-of-range", message, "take a wider one")
        elif network.is_multicast or network.is_loopback:
            message = f"{text} is reserved for loopback or multicast"
            yield Problem(at, "bad-address", message)


def _certificates(certificates: Certificates) -> Iterator[Problem]:
    if seconds(certificates.lifetime) < MIN_LIFETIME_S:
        message = f"must be {MIN_LIFETIME_S:.0f}s or more, not {certificates.lifetime}"
        yield Problem("spec.certificates.lifetime", "out-of-range", message)


def _connections(connections: Connections) -> Iterator[Problem]:
    at = "spec.connections"
    times = {"connectTimeout": connections.connect_timeout, "maxAge": connections.max_age}
    for name, text in times.items():
        if seconds(text) <= 0:
            yield Problem(f"{at}.{name}", "out-of-range", f"must be more than 0, not {text}")
    if seconds(connections.drain) <= seconds(connections.max_age):
        message = f"must be longer than maxAge, {connections.max_age}, not {connections.drain}"
        hint = "or connections would be cut before they end by themselves"
        yield Problem(f"{at}.drain", "out-of-range", message, hint)
