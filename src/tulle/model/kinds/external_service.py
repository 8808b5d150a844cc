"""ExternalService: something outside the mesh that workloads call. tulle.dev/v1."""

from typing import Annotated, ClassVar

import msgspec

from tulle.model.lists import keyed
from tulle.model.resources import Conditions, PortName, PortNumber, Resource, Value


class ExternalTls(Value, frozen=True, kw_only=True):
    """TLS the proxy originates towards the outside; verified against `ca_certificates` or the system's."""

    sni: Annotated[
        str, msgspec.Meta(description="Name asked for and verified; the host by default.")
    ] = ""
    ca_certificates: Annotated[
        str,
        msgspec.Meta(
            description="A ConfigMap of the same namespace with `ca.crt`; the system's roots without it."
        ),
    ] = ""


class ExternalPort(Value, frozen=True, kw_only=True):
    """One port of the outside host; with `tls` the proxy speaks TLS to it."""

    port: PortNumber
    name: PortName = ""
    app_protocol: str = ""
    target_port: PortNumber | None = None
    tls: ExternalTls | None = None


class ExternalServiceSpec(Value, frozen=True, kw_only=True):
    """A host name (resolved by the proxy) or fixed addresses, and its ports."""

    ports: Annotated[tuple[ExternalPort, ...], msgspec.Meta(min_length=1), keyed("port")]
    host: Annotated[str, msgspec.Meta(max_length=253)] = ""
    addresses: tuple[str, ...] = ()


class ExternalServiceStatus(Value, frozen=True, kw_only=True):
    """The virtual addresses the mesh gave it, kept for as long as it lives, and conditions."""

    virtual_addresses: tuple[str, ...] = ()
    conditions: Conditions = ()


class ExternalService(Resource, frozen=True, kw_only=True):
    """A service outside the mesh, reachable under a name inside it."""

    KIND: ClassVar[str] = "ExternalService"
    API_VERSION: ClassVar[str] = "tulle.dev/v1"
    PLURAL: ClassVar[str] = "externalservices"
    SHORT_NAMES: ClassVar[tuple[str, ...]] = ("extsvc",)

    spec: ExternalServiceSpec
    status: ExternalServiceStatus = ExternalServiceStatus()
