"""The documents of discovery: which groups there are, which kinds in them, what can be done. Pure.

In two forms, as Kubernetes has it: everything at once (`apidiscovery.k8s.io/v2`), which is what clients ask for
today, and piece by piece, which older ones and people do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tulle.api.kube.discovery.verbs import Verbs
from tulle.codec.groups import GroupVersion, grouped, names_of
from tulle.model.resources import Resource

Object = dict[str, object]

AGGREGATED = "apidiscovery.k8s.io"
AGGREGATED_TYPE = f"application/json;g={AGGREGATED};v=v2;as=APIGroupDiscoveryList"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is served under a plural: a kind, or a review, which can be made and is not kept."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    verbs: tuple[str, ...]
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: Mapping[str, tuple[str, ...]] | None = None


Catalogue = Mapping[GroupVersion, Sequence[Entry]]
"""Everything that is served, by group and version."""


def catalogue_of(verbs: Mapping[type[Resource], Verbs], reviews: Sequence[Entry]) -> Catalogue:
    """The catalogue of all kinds with verbs, and of the reviews."""
    found: dict[GroupVersion, list[Entry]] = {
        where: [_entry(kind, verbs[kind]) for kind in kinds] for where, kinds in grouped(verbs)
    }
    for review in reviews:
        found.setdefault(GroupVersion(review.group, review.version), []).append(review)
    return {where: found[where] for where in sorted(found)}


def _entry(kind: type[Resource], verbs: Verbs) -> Entry:
    names = names_of(kind)
    return Entry(
        group=names.group,
        version=names.version,
        kind=names.kind,
        plural=names.plural,
        singular=names.singular,
        namespaced=kind.NAMESPACED,
        verbs=verbs.own,
        short=names.short,
        categories=names.categories,
        subresources=verbs.subresources,
    )


def aggregated(catalogue: Catalogue, *, core: bool) -> Object:
    """Everything at once: Kubernetes' core, or all other groups."""
    items = [
        {
            "metadata": {"name": where.group} if where.group else {"creationTimestamp": None},
            "versions": [
                {
                    "version": where.version,
                    "resources": [_aggregated(entry) for entry in entries],
                    "freshness": "Current",
                }
            ],
        }
        for where, entries in catalogue.items()
        if (where.group == "") is core
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"{AGGREGATED}/v2",
        "metadata": {},
        "items": items,
    }


def _aggregated(entry: Entry) -> Object:
    kind = {"group": entry.group, "version": entry.version, "kind": entry.kind}
    found: Object = {
        "resource": entry.plural,
        "responseKind": kind,
        "scope": "Namespaced" if entry.namespaced else "Cluster",
        "singularResource": entry.singular,
        "verbs": list(entry.verbs),
    }
    if entry.short:
        found["shortNames"] = list(entry.short)
    if entry.categories:
        found["categories"] = list(entry.categories)
    if entry.subresources:
        found["subresources"] = [
            {"subresource": name, "responseKind": kind, "verbs": list(verbs)}
            for name, verbs in entry.subresources.items()
        ]
    return found


def versions() -> Object:
    """`/api`: the versions of Kubernetes' core."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def groups(catalogue: Catalogue) -> Object:
    """`/apis`: all other groups."""
    found = [_group(where) for where in catalogue if where.group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def group(catalogue: Catalogue, name: str) -> Object | None:
    """`/apis/GROUP`, or None."""
    found = next((where for where in catalogue if where.group == name and name), None)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(found)} if found else None


def _group(where: GroupVersion) -> Object:
    version = {"groupVersion": str(where), "version": where.version}
    return {"name": where.group, "versions": [version], "preferredVersion": version}


def resources(where: GroupVersion, entries: Sequence[Entry]) -> Object:
    """`/apis/GROUP/VERSION`: what is in it, subresources as entries of their own."""
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": str(where),
        "resources": [resource for entry in entries for resource in _resources(entry)],
    }


def _resources(entry: Entry) -> list[Object]:
    own: Object = {
        "name": entry.plural,
        "singularName": entry.singular,
        "namespaced": entry.namespaced,
        "kind": entry.kind,
        "verbs": list(entry.verbs),
    }
    if entry.short:
        own["shortNames"] = list(entry.short)
    if entry.categories:
        own["categories"] = list(entry.categories)
    below: list[Object] = [
        {
            "name": f"{entry.plural}/{name}",
            "singularName": "",
            "namespaced": entry.namespaced,
            "kind": entry.kind,
            "verbs": list(verbs),
        }
        for name, verbs in (entry.subresources or {}).items()
    ]
    return [own, *below]
