"""Services outside the mesh, and their certificates."""

from tulle.graph.mesh import Endpoint, ExternalTarget, Protocol
from tulle.graph.services.externals import bundles_of, read_external
from tulle.model.kinds.core import ConfigMap
from tulle.model.kinds.external_service import ExternalPort, ExternalTls
from tulle.testing.builders import external, metadata

PRIVATE = ExternalPort(port=443, name="https", tls=ExternalTls(ca_certificates="bundle"))
BUNDLE = ConfigMap(metadata=metadata("bundle"), data={"ca.crt": "PEM"})


def test_https_is_bytes_unless_the_proxy_speaks_its_tls() -> None:
    ports = (
        ExternalPort(port=443, name="https"),
        ExternalPort(port=444, name="https", tls=ExternalTls()),
    )

    listing = read_external(external("pay", *ports, host="pay.example"), ()).listing

    assert [port.declared for port in listing.ports] == [Protocol.TCP, Protocol.HTTP]
    assert listing.ports[1].external == ExternalTarget(
        "pay.example", 444, tls=True, sni="pay.example"
    )


def test_fixed_addresses_are_endpoints_in_plaintext() -> None:
    listing = read_external(
        external("db", ExternalPort(port=1, target_port=5432), address="192.0.2.1"), ()
    ).listing

    assert listing.ports[0].endpoints == (Endpoint("192.0.2.1", 5432, secure=False),)


def test_certificates_are_read_from_the_config_map_it_names() -> None:
    service = external("pay", PRIVATE, host="pay.example")
    assert bundles_of(service) == ("bundle",)

    listed = read_external(service, (BUNDLE,))

    target = listed.listing.ports[0].external
    assert target is not None
    assert target.ca_pem == "PEM"
    assert listed.status is not None
    assert [condition.status for condition in listed.status.conditions] == ["True", "True"]


def test_a_port_without_its_certificates_leads_nowhere_instead_of_trusting_others() -> None:
    service = external("pay", PRIVATE, host="pay.example")

    for config_map in (None, ConfigMap(metadata=metadata("bundle"))):
        listed = read_external(service, (config_map,))

        assert listed.listing.ports[0].external is None
        assert listed.listing.ports[0].endpoints == ()
        assert [problem.code for problem in listed.problems] == ["ca-not-found"]
        assert listed.status is not None
        assert listed.status.conditions[1].reason == "InvalidCACertificateRef"
