"""Rules for EndpointSlice: addresses of the family it says, ports and names once, a Service it belongs to."""

from collections.abc import Iterator

from tulle.codec.checks.forms import version_of
from tulle.codec.checks.ports import check_ports
from tulle.codec.checks.repeats import repeats
from tulle.codec.tolerances import not_supported
from tulle.model.kinds.endpoint_slice import SERVICE_LABEL, EndpointSlice
from tulle.model.problems import Problem, Severity

_VERSIONS = {"IPv4": 4, "IPv6": 6}


def check(piece: EndpointSlice) -> Iterator[Problem]:
    """The rules for an EndpointSlice."""
    if not piece.metadata.labels.get(SERVICE_LABEL):
        message = f"without the label {SERVICE_LABEL} it belongs to no Service"
        hint = "set it to the name of the Service"
        yield Problem("metadata.labels", "no-service", message, hint, severity=Severity.WARNING)
    if piece.address_type == "FQDN":
        yield not_supported("addressType", "FQDN")
    else:
        yield from _addresses(piece)
    yield from check_ports(piece.ports, "ports")
    for index, first in repeats(end.addresses[:1] for end in piece.endpoints if end.addresses):
        message = f"has the address of endpoints[{first}]"
        at = f"endpoints[{index}].addresses[0]"
        yield Problem(at, "duplicate-address", message, "remove one of them")


def _addresses(piece: EndpointSlice) -> Iterator[Problem]:
    for index, endpoint in enumerate(piece.endpoints):
        at = f"endpoints[{index}].addresses"
        if not endpoint.addresses:
            yield Problem(at, "missing-field", "at least one address is required")
        for number, address in enumerate(endpoint.addresses):
            if version_of(address) != _VERSIONS[piece.address_type]:
                message = f"must be an address of {piece.address_type}, not {address!r}"
                yield Problem(f"{at}[{number}]", "bad-address", message)
