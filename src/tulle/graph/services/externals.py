"""ExternalServices, read: hosts outside the mesh under names inside it."""

from collections.abc import Iterator, Mapping

from tulle.graph import protocols
from tulle.graph.mesh import Endpoint, ExternalTarget, Protocol, ResourceStatus
from tulle.graph.notes import accepted, condition, origin_of, warning
from tulle.graph.services.catalogue import Listed, ListedPort, Listing, Source
from tulle.graph.services.programs import unknown_protocol
from tulle.model.kinds.core import ConfigMap
from tulle.model.kinds.external_service import ExternalPort, ExternalService
from tulle.model.names import ServiceRef
from tulle.model.problems import Problem
from tulle.model.resources import Condition
from tulle.model.statuses import ConditionType, Reason

CA_KEY = "ca.crt"
"""Where a ConfigMap holds the certificates to verify somebody against."""


def bundles_of(external: ExternalService) -> tuple[str, ...]:
    """Names of the ConfigMaps it reads, each once."""
    names = {port.tls.ca_certificates for port in external.spec.ports if port.tls}
    return tuple(sorted(names - {""}))


def read_external(external: ExternalService, config_maps: tuple[ConfigMap | None, ...]) -> Listed:
    """What an ExternalService declares; `config_maps` are those `bundles_of` names, in its order.

    A port whose certificates are missing gets nothing to connect to: it must not fall back to other roots.
    """
    bundles = dict(zip(bundles_of(external), map(_certificates, config_maps), strict=True))
    problems = (
        *_missing_bundles(external, bundles),
        *(
            problem
            for index, port in enumerate(external.spec.ports)
            for problem in unknown_protocol(external, f"spec.ports[{index}]", port.app_protocol)
        ),
    )
    first = {port.port: index for index, port in reversed(list(enumerate(external.spec.ports)))}
    listing = Listing(
        ref=ServiceRef(external.metadata.namespace, external.metadata.name),
        origin=origin_of(external),
        source=Source.OUTSIDE,
        ports=tuple(_port(external, first[number], bundles) for number in sorted(first)),
    )
    conditions = (accepted(external), _resolved(external, bundles))
    return Listed(listing, ResourceStatus(external.key, conditions), problems)


def _certificates(config_map: ConfigMap | None) -> str:
    return config_map.data.get(CA_KEY, "") if config_map else ""


def _resolved(external: ExternalService, bundles: Mapping[str, str]) -> Condition:
    missing = sorted(name for name, pem in bundles.items() if not pem)
    if missing:
        reason = Reason.INVALID_CA_CERTIFICATE_REF
        message = f"ConfigMap {missing[0]!r} with {CA_KEY} is missing"
        return condition(external, ConditionType.RESOLVED_REFS, reason, message, holds=False)
    return condition(external, ConditionType.RESOLVED_REFS, Reason.RESOLVED_REFS, holds=True)


def _port(external: ExternalService, index: int, bundles: Mapping[str, str]) -> ListedPort:
    spec = external.spec.ports[index]
    verifiable = not (spec.tls and spec.tls.ca_certificates) or bool(
        bundles[spec.tls.ca_certificates]
    )
    return ListedPort(
        number=spec.port,
        name=spec.name,
        declared=_declared(spec),
        target=str(spec.target_port or spec.port),
        origin=origin_of(external, f"spec.ports[{index}]"),
        external=_target(external, spec, bundles) if verifiable else None,
        endpoints=_addresses(external, spec) if verifiable else (),
    )


def _declared(port: ExternalPort) -> Protocol | None:
    """HTTPS is bytes to us, unless the proxy speaks its TLS: then it is HTTP."""
    word = (port.app_protocol or port.name.partition("-")[0]).lower()
    if port.tls and word == "https":
        return Protocol.HTTP
    return protocols.declared(port.app_protocol, port.name)


def _target(
    external: ExternalService, port: ExternalPort, bundles: Mapping[str, str]
) -> ExternalTarget | None:
    if not external.spec.host and not external.spec.addresses:
        return None
    return ExternalTarget(
        host=external.spec.host,
        port=port.target_port or port.port,
        tls=port.tls is not None,
        sni=(port.tls.sni or external.spec.host) if port.tls else "",
        ca_pem=bundles.get(port.tls.ca_certificates, "") if port.tls else "",
    )


def _addresses(external: ExternalService, port: ExternalPort) -> tuple[Endpoint, ...]:
    addresses = sorted(set(external.spec.addresses))
    return tuple(
        Endpoint(address, port.target_port or port.port, secure=False) for address in addresses
    )


def _missing_bundles(external: ExternalService, bundles: Mapping[str, str]) -> Iterator[Problem]:
    for index, port in enumerate(external.spec.ports):
        name = port.tls.ca_certificates if port.tls else ""
        if name and not bundles[name]:
            yield warning(
                external,
                f"spec.ports[{index}].tls.caCertificates",
                "ca-not-found",
                f"there is no ConfigMap {name!r} with {CA_KEY} in {external.metadata.namespace!r}, "
                f"so nothing is sent to port {port.port}",
                hint="apply it with the authorities' certificates (PEM)",
            )
