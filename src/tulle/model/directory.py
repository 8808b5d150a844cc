"""What agents are told of the mesh's names, one entry per service: enough to answer DNS, and no more.

`graph.naming` makes entries, `xds` frames them as resources of a type of ours, agents keep them, and `dns`
answers from them. Fields an older agent does not know are passed over, those a server does not send have defaults.
"""

from collections.abc import Mapping

import msgspec

from tulle.model.names import ServiceRef


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Small on the wire: what is as usual is left out."""


class NamedEndpoint(_Part, frozen=True, kw_only=True):
    """One instance behind a headless service that takes traffic now. `ports` are its own, by the port's name."""

    name: str
    address: str
    ports: Mapping[str, int] = {}


class VirtualEntry(_Part, frozen=True, kw_only=True, tag="virtual"):
    """A service with addresses of its own, of either family or both. `ports` have names: SRV asks by those."""

    namespace: str
    name: str
    addresses: tuple[str, ...] = ()
    ports: Mapping[str, int] = {}
    origin: str = ""

    @property
    def service(self) -> ServiceRef:
        """Whose names these are."""
        return ServiceRef(self.namespace, self.name)


class HeadlessEntry(_Part, frozen=True, kw_only=True, tag="headless"):
    """A service without an address: its name stands for its instances."""

    namespace: str
    name: str
    endpoints: tuple[NamedEndpoint, ...] = ()
    origin: str = ""

    @property
    def service(self) -> ServiceRef:
        """Whose names these are."""
        return ServiceRef(self.namespace, self.name)


class AliasEntry(_Part, frozen=True, kw_only=True, tag="alias"):
    """Another name for a host that others answer for (a Service of type ExternalName)."""

    namespace: str
    name: str
    host: str
    origin: str = ""

    @property
    def service(self) -> ServiceRef:
        """Whose names these are."""
        return ServiceRef(self.namespace, self.name)


Entry = VirtualEntry | HeadlessEntry | AliasEntry

encode_entry = msgspec.json.Encoder(order="deterministic").encode
decode_entry = msgspec.json.Decoder(Entry).decode
