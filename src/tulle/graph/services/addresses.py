"""Virtual addresses: one of each family for every Service that brings none of its own, and every ExternalService.

A Service keeps what its status says for as long as it lives. A new one gets the address its name hashes to,
or the next free one: so servers, and `translate` without one, mostly agree even before statuses are written,
and an address freed by one name is hardly ever given to the next.
"""

import hashlib
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tulle.graph.ages import Age, age_of
from tulle.graph.mesh import ResourceStatus
from tulle.graph.notes import warning
from tulle.graph.services.catalogue import HEADLESS
from tulle.model.kinds.external_service import ExternalService
from tulle.model.kinds.mesh import VirtualAddresses
from tulle.model.kinds.service import Service
from tulle.model.names import ResourceKey, ServiceRef
from tulle.model.problems import Problem

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Claim:
    """What a Service asks for: addresses of its own (`fixed`), or one per family, `kept` if it has them."""

    ref: ServiceRef
    age: Age
    fixed: tuple[str, ...]
    kept: tuple[str, ...]
    kind: str = Service.KIND

    @property
    def key(self) -> ResourceKey:
        """The claimant's."""
        return ResourceKey(self.kind, self.ref.namespace, self.ref.name)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of every Service that has some, and the statuses that keep those we gave."""

    by_service: Mapping[ServiceRef, tuple[str, ...]]
    statuses: tuple[ResourceStatus, ...]
    problems: tuple[Problem, ...]

    def of(self, service: ServiceRef) -> tuple[str, ...]:
        """The addresses of a service."""
        return self.by_service.get(service, ())


def claim_of(service: Service) -> Claim | None:
    """What a Service asks for; None for one that has no address: headless, or a name for something outside."""
    spec = service.spec
    if spec.type == "ExternalName" or spec.cluster_ip == HEADLESS:
        return None
    return Claim(
        ServiceRef(service.metadata.namespace, service.metadata.name),
        age_of(service.metadata),
        spec.cluster_ips or ((spec.cluster_ip,) if spec.cluster_ip else ()),
        service.status.virtual_addresses,
    )


def claim_outside(external: ExternalService) -> Claim:
    """An ExternalService wants an address: what is sent there goes through the proxy, which knows the way out."""
    return Claim(
        ServiceRef(external.metadata.namespace, external.metadata.name),
        age_of(external.metadata),
        (),
        external.status.virtual_addresses,
        ExternalService.KIND,
    )


def claims_of(
    services: tuple[Service, ...], externals: tuple[ExternalService, ...]
) -> tuple[Claim, ...]:
    """All claims. An ExternalService whose name a Service has is not reached by it, and gets no address."""
    names = {(one.metadata.namespace, one.metadata.name) for one in services}
    outside = (one for one in externals if (one.metadata.namespace, one.metadata.name) not in names)
    return (*filter(None, map(claim_of, services)), *map(claim_outside, outside))


def assign(claims: tuple[Claim, ...], ranges: VirtualAddresses) -> Addresses:
    """Give every claim its addresses: first those written in Services, then those kept, then new ones.

    No address is ever given to two; of two Services that claim one, the older has it.
    """
    problems: list[Problem] = []
    families = (_network(ranges.ipv4, 4), _network(ranges.ipv6, 6))
    networks = [network for network in families if network]
    taken: dict[str, ServiceRef] = {}
    found: dict[ServiceRef, tuple[str, ...]] = {}
    oldest_first = sorted(claims, key=lambda claim: claim.age)
    for claim in (claim for claim in oldest_first if claim.fixed):
        found[claim.ref] = tuple(_fixed(claim, taken, problems))
    virtual = [claim for claim in oldest_first if not claim.fixed]
    kept = {claim.ref: _kept(claim, networks, taken) for claim in virtual}
    for claim in sorted(virtual, key=lambda claim: claim.ref):
        found[claim.ref] = tuple(_complete(claim, kept[claim.ref], networks, taken, problems))
    return Addresses(
        MappingProxyType(dict(sorted(found.items()))),
        tuple(
            ResourceStatus(claim.key, virtual_addresses=() if claim.fixed else found[claim.ref])
            for claim in claims
        ),
        tuple(problems),
    )


def _network(text: str, version: int) -> Network | None:
    """A range of the Mesh; "" switches a family off."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return None
    return network if network.version == version else None


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _fixed(claim: Claim, taken: dict[str, ServiceRef], problems: list[Problem]) -> Iterator[str]:
    for text in claim.fixed:
        address = _address(text)
        if address is None:
            continue
        if taken.setdefault(str(address), claim.ref) == claim.ref:
            yield str(address)
        else:
            problems.append(
                warning(
                    claim.key,
                    "spec.clusterIP",
                    "cluster-ip-taken",
                    f"Service {taken[str(address)]} has {text}, so nobody reaches this one by it",
                    hint='leave clusterIP out for an address of the mesh, or write "None" for none',
                )
            )


def _kept(
    claim: Claim, networks: Iterable[Network], taken: dict[str, ServiceRef]
) -> Mapping[Network, str]:
    """The addresses its status holds that are still good: one per range, and nobody else's."""
    addresses = [address for address in map(_address, claim.kept) if address]
    kept: dict[Network, str] = {}
    for network in networks:
        fits = (str(address) for address in addresses if address in network)
        mine = next((text for text in fits if taken.get(text, claim.ref) == claim.ref), None)
        if mine:
            taken[mine] = claim.ref
            kept[network] = mine
    return kept


def _complete(
    claim: Claim,
    kept: Mapping[Network, str],
    networks: Iterable[Network],
    taken: dict[str, ServiceRef],
    problems: list[Problem],
) -> Iterator[str]:
    for network in networks:
        address = kept.get(network) or _free(claim.ref, network, taken)
        if address:
            taken[address] = claim.ref
            yield address
        else:
            problems.append(
                warning(
                    claim.key,
                    "",
                    "virtual-addresses-exhausted",
                    f"there is no address left for it in {network}",
                    hint="widen spec.virtualAddresses of the Mesh",
                )
            )


def _free(ref: ServiceRef, network: Network, taken: Mapping[str, ServiceRef]) -> str | None:
    """The first free address from where the name hashes to, never the range's first or last."""
    size = network.num_addresses - 2
    if size <= 0:
        return None
    start = int.from_bytes(hashlib.sha256(str(ref).encode()).digest()[:16]) % size
    for step in range(min(size, len(taken) + 1)):
        address = str(network[1 + (start + step) % size])
        if address not in taken:
            return address
    return None
