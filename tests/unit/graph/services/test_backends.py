"""References of routes to services: resolved, or refused with the right reason."""

import pytest
from tests.unit.graph.meshes import backends, to

from tulle.graph.services.backends import Refusal, undeclared
from tulle.model.kinds.external_service import ExternalPort
from tulle.model.kinds.gateway_api import BackendRef
from tulle.testing.builders import backend, external, port, service


def _outside(name: str, port: int) -> BackendRef:
    return BackendRef(name=name, port=port, group="tulle.dev", kind="ExternalService")


KNOWN = backends(
    service("api"),
    service("db", port(5432, "postgresql")),
    service("bare", port(80)),
    service("far", port(80), namespace="office"),
    external("pay", ExternalPort(port=443, name="http"), host="pay.example"),
)


@pytest.mark.parametrize(
    ("ref", "found"),
    [
        (backend("api"), to("api")),
        (BackendRef(name="api", port=80, group="core"), to("api")),
        (backend("far", namespace="office"), to("far", namespace="office")),
        (_outside("pay", 443), to("pay", 443)),
        (backend("bare"), to("bare")),
    ],
)
def test_a_reference_to_what_exists_resolves(ref: BackendRef, found: object) -> None:
    assert KNOWN.resolve(ref, "shop", speaks_http=True) == found


@pytest.mark.parametrize(
    ("ref", "reason", "code"),
    [
        (backend("apo"), "BackendNotFound", "route-backend-unknown"),
        (backend("api", number=81), "BackendNotFound", "route-backend-unknown"),
        (backend("api", namespace="office"), "BackendNotFound", "route-backend-unknown"),
        (backend("pay", number=443), "BackendNotFound", "route-backend-unknown"),
        (_outside("api", 80), "BackendNotFound", "route-backend-unknown"),
        (BackendRef(name="api", port=80, kind="Bucket"), "InvalidKind", "route-backend-kind"),
        (BackendRef(name="api", port=80, group="apps"), "InvalidKind", "route-backend-kind"),
        (backend("db", number=5432), "UnsupportedProtocol", "route-backend-protocol"),
        (backend("api", number=None), "BackendNotFound", ""),
    ],
)
def test_a_reference_to_nothing_says_why(ref: BackendRef, reason: str, code: str) -> None:
    refusal = KNOWN.resolve(ref, "shop", speaks_http=True)

    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.code) == (reason, code)


def test_connections_may_go_to_any_protocol() -> None:
    assert KNOWN.resolve(backend("db", number=5432), "shop", speaks_http=False) == to("db", 5432)


def test_a_route_decides_protocols_of_its_own_namespace_only() -> None:
    reached = (to("api"), to("bare"), to("far", namespace="office"))

    assert list(undeclared(KNOWN, reached, "shop")) == [to("bare")]
    assert list(undeclared(KNOWN, reached, "office")) == [to("far", namespace="office")]
