"""What one workload sees of the mesh's names, and which names those are.

A service `reviews` of namespace `shop` is called, by everybody,

    reviews.shop.svc.cluster.local    reviews.shop.mesh    reviews.shop.svc    reviews.shop

and by workloads of its own namespace `reviews` too. The first two domains are the mesh's: what does not exist
there does not exist. The short forms stand among everybody else's names: what is no service of ours is for
others to answer. Below a service lie `_port._tcp` (SRV) and, if it is headless, its instances by name.
`localhost` is never anybody's service (RFC 6761).
"""

from dataclasses import dataclass

from tulle.dns.directories import Directory
from tulle.model.directory import Entry, HeadlessEntry, NamedEndpoint, VirtualEntry

Labels = tuple[str, ...]
"""A name's labels in lower case, the root's left out: `reviews.shop.` is ("reviews", "shop")."""

CANONICAL: Labels = ("svc", "cluster", "local")
"""The domain services' full names end in."""

OWN_DOMAINS: tuple[Labels, ...] = (CANONICAL, ("mesh",))
SHORT_DOMAINS: tuple[Labels, ...] = (("svc",), ())

LOCALHOST = "localhost"


@dataclass(frozen=True, slots=True)
class Service:
    """The name of a service."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Instance:
    """The name of one instance of a headless service."""

    entry: HeadlessEntry
    endpoints: tuple[NamedEndpoint, ...]


@dataclass(frozen=True, slots=True)
class Port:
    """The SRV name of a port, `_http._tcp` below its service."""

    entry: Entry
    port: str


@dataclass(frozen=True, slots=True)
class Loopback:
    """`localhost`, or something below it."""


@dataclass(frozen=True, slots=True)
class Apex:
    """A domain of ours itself."""


@dataclass(frozen=True, slots=True)
class Between:
    """A name with nothing of its own that others lie below: it exists."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A name in a domain of ours that does not exist."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A name others answer for."""


Found = Service | Instance | Port | Loopback | Apex | Between | Missing | Foreign


@dataclass(frozen=True, slots=True)
class Zone:
    """The names of the mesh as workloads of one namespace see them."""

    namespace: str
    directory: Directory

    def find(self, labels: Labels) -> Found:
        """What a name means."""
        if labels and labels[-1] == LOCALHOST:
            return Loopback()
        for domain in OWN_DOMAINS:
            if labels[-len(domain) :] == domain:
                return self._find_own(labels[: -len(domain)])
        for domain in SHORT_DOMAINS:
            if not domain or labels[-1:] == domain:
                found = self._find_short(labels[: len(labels) - len(domain)], alone=not domain)
                if not isinstance(found, Foreign):
                    return found
        return Foreign()

    def _find_own(self, rest: Labels) -> Found:
        match rest:
            case ():
                return Apex()
            case (namespace,):
                return Between() if namespace in self.directory.namespaces else Missing()
            case _:
                *below, name, namespace = rest
                entry = self.directory.find(name, namespace)
                found = _below(entry, tuple(below)) if entry else None
                return found or Missing()

    def _find_short(self, rest: Labels, *, alone: bool) -> Found:
        """`NAME.NAMESPACE` before `NAME` of the workload's own namespace, should both be possible."""
        if len(rest) >= 2 and (entry := self.directory.find(rest[-2], rest[-1])):
            found = _below(entry, rest[:-2])
            if found is not None:
                return found
        if alone and rest and (entry := self.directory.find(rest[-1], self.namespace)):
            return _below(entry, rest[:-1]) or Foreign()
        return Foreign()


def apex_of(labels: Labels) -> Labels:
    """The domain whose SOA speaks for a name of ours: the mesh's own domain, or a short name itself."""
    own = (domain for domain in OWN_DOMAINS if labels[-len(domain) :] == domain)
    return next(own, labels)


def full_name(entry: Entry) -> Labels:
    """The full name of a service."""
    return (entry.name, entry.namespace, *CANONICAL)


def _below(entry: Entry, labels: Labels) -> Found | None:
    """What lies at these labels below a service, None for nothing."""
    match labels:
        case ():
            return Service(entry)
        case (port, "_tcp") if port.startswith("_"):
            return Port(entry, port[1:]) if port[1:] in _ports(entry) else None
        case ("_tcp",) if _ports(entry):
            return Between()
        case _ if isinstance(entry, HeadlessEntry):
            name = ".".join(labels)
            endpoints = tuple(one for one in entry.endpoints if one.name == name)
            return Instance(entry, endpoints) if endpoints else None
        case _:
            return None


def _ports(entry: Entry) -> frozenset[str]:
    match entry:
        case VirtualEntry(ports=ports):
            return frozenset(ports)
        case HeadlessEntry(endpoints=endpoints):
            return frozenset(port for one in endpoints for port in one.ports)
        case _:
            return frozenset()
