"""The mesh's directory, indexed for questions: shared by every zone on a host, whatever its namespace."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tulle.model.directory import Entry, VirtualEntry


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Directory:
    """Entries by namespace and name, and virtual ones by address. Equal entries give equal directories."""

    services: Mapping[tuple[str, str], Entry]
    namespaces: frozenset[str]
    addresses: Mapping[str, Entry]

    def find(self, name: str, namespace: str) -> Entry | None:
        """The entry of a service."""
        return self.services.get((namespace, name))

    def at(self, address: str) -> Entry | None:
        """The service that has this virtual address, in its usual spelling."""
        return self.addresses.get(address)


def directory_of(entries: Iterable[Entry]) -> Directory:
    """Entries, whatever their order. Addresses that are none are left out: nothing may be answered with them."""
    ordered = sorted(entries, key=lambda entry: (entry.namespace, entry.name))
    services = {(entry.namespace, entry.name): entry for entry in ordered}
    addresses: dict[str, Entry] = {}
    for entry in services.values():
        if isinstance(entry, VirtualEntry):
            for text in filter(None, map(usual, entry.addresses)):
                addresses.setdefault(text, entry)
    return Directory(
        MappingProxyType(services),
        frozenset(namespace for namespace, _ in services),
        MappingProxyType(addresses),
    )


def usual(text: str) -> str | None:
    """An IP address in its usual spelling; None for what is none."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


EMPTY = directory_of(())
