"""Directories read from names, one for all workloads of a process that are told the same: a host has many of them."""

import logging
from collections.abc import Mapping
from weakref import WeakValueDictionary

import msgspec

from tulle.ads.messages import body_of
from tulle.dns.directories import EMPTY, Directory, directory_of
from tulle.model.directory import Entry, decode_entry
from tulle.xds.snapshots import XdsResource

log = logging.getLogger(__name__)

Versions = tuple[tuple[str, str], ...]
"""The names of a directory with their versions, in order."""

_directories: WeakValueDictionary[Versions, Directory] = WeakValueDictionary()


class Reader:
    """One workload's. It holds what it read last, so that of a change only what changed is read again."""

    def __init__(self) -> None:
        self._names: Mapping[str, XdsResource] = {}
        self._directory = EMPTY

    def read(self, names: Mapping[str, XdsResource]) -> Directory:
        """The directory of these; what a newer server says in a way we do not know is left out."""
        versions = tuple((name, resource.version) for name, resource in sorted(names.items()))
        found = _directories.get(versions)
        if found is None:
            entries = (self._entry(name, resource) for name, resource in names.items())
            found = directory_of(entry for entry in entries if entry is not None)
            _directories[versions] = found
        self._names, self._directory = names, found
        return found

    def _entry(self, name: str, resource: XdsResource) -> Entry | None:
        before = self._names.get(name)
        if before is not None and before.version == resource.version:
            namespace, _, service = name.partition("/")
            return self._directory.find(service, namespace)
        try:
            entry = decode_entry(body_of(resource))
        except msgspec.MsgspecError as error:
            log.warning("a name cannot be read", extra={"entry": name, "error": str(error)})
            return None
        return entry if str(entry.service) == name else None
