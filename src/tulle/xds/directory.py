"""Entries of the mesh's directory as resources of a type of ours: JSON in the frame all resources travel in."""

from hashlib import blake2b
from types import MappingProxyType

from tulle.graph.naming import Names
from tulle.model.directory import Entry, encode_entry
from tulle.xds.parts import Memo
from tulle.xds.protos import Any, DeltaDiscoveryResponse, DiscoveryResource
from tulle.xds.snapshots import EMPTY, Resources, TypeUrl, XdsResource


def name_resource(entry: Entry) -> XdsResource:
    """One entry, framed; it is named like its service, `shop/reviews`."""
    body = encode_entry(entry)
    version = blake2b(body, digest_size=8).hexdigest()
    box = Any(type_url=TypeUrl.NAME, value=body)
    item = DiscoveryResource(name=str(entry.service), version=version, resource=box)
    framed = DeltaDiscoveryResponse(resources=[item]).SerializeToString(deterministic=True)
    return XdsResource(item.name, version, framed)


class DirectoryBuilder:
    """Builds all names once for everybody: who has the same names gets the same mapping."""

    def __init__(self) -> None:
        self._memo: Memo[XdsResource] = Memo()
        self._names: Names = MappingProxyType({})
        self._built: Resources = EMPTY

    def build(self, names: Names) -> Resources:
        """The resources of these names."""
        if names is not self._names:
            self._names = names
            found = (self._resource(entry) for entry in names.values())
            self._built = MappingProxyType({one.name: one for one in found})
        return self._built

    def _resource(self, entry: Entry) -> XdsResource:
        return self._memo.get(entry.service, (entry,), lambda: name_resource(entry))
