"""When callers are taken away from a port: its epoch grows, and Envoy drains what was connected before.

The graph before and after say whether a port was narrowed. A control plane that starts has no graph before:
then the digest recorded beside the epoch stands in for it, and any difference counts as a narrowing, because
it means that the last change was never seen through.
"""

import hashlib
from collections.abc import Iterator, Mapping

import msgspec

from tulle.graph.mesh import MeshGraph, Permission, WorkloadNode
from tulle.graph.policies.permissions import narrows
from tulle.model.kinds.workload import AccessEpoch, Workload
from tulle.model.names import WorkloadRef
from tulle.model.worlds import World
from tulle.reconcile.memo import differing

Permissions = Mapping[int, Permission]


def advance(world: World, before: MeshGraph | None, after: MeshGraph) -> Iterator[Workload]:
    """Workloads as they must be stored before `after` is published: those whose epochs or digests moved."""
    known = before.workloads if before else {}
    for ref in differing(known, after.workloads):
        node = after.workloads.get(ref)
        if node is None:
            continue
        workload = world.get(Workload, ref.namespace, ref.name)
        if workload is None:
            continue
        recorded = {entry.port: entry for entry in workload.status.access_epochs}
        epochs = tuple(_entries(node, recorded, _known(before, ref)))
        if epochs != workload.status.access_epochs:
            status = msgspec.structs.replace(workload.status, access_epochs=epochs)
            yield msgspec.structs.replace(workload, status=status)


def _known(before: MeshGraph | None, ref: WorkloadRef) -> Permissions | None:
    """The permissions there were; None when nobody knows them."""
    if before is None:
        return None
    node = before.workloads.get(ref)
    return {port.port: port.permission for port in node.inbound} if node else {}


def _entries(
    node: WorkloadNode, recorded: Mapping[int, AccessEpoch], known: Permissions | None
) -> Iterator[AccessEpoch]:
    for port in sorted(node.inbound, key=lambda inbound: inbound.port):
        entry = recorded.get(port.port)
        if entry is None and not port.permission.guarded:
            continue
        entry = entry or AccessEpoch(port=port.port, epoch=0)
        callers = digest(port.permission)
        narrowed = _narrowed(port.permission, callers, entry, known)
        yield AccessEpoch(port=port.port, epoch=entry.epoch + narrowed, callers=callers)


def _narrowed(now: Permission, callers: str, entry: AccessEpoch, known: Permissions | None) -> bool:
    if not now.guarded:
        return False
    if known is None:
        return callers != entry.callers
    old = known.get(entry.port)
    return old is not None and narrows(old, now)


def digest(permission: Permission) -> str:
    """Who may call, in 16 characters: equal for equal callers, whatever rules say so; "" for everyone."""
    if not permission.guarded:
        return ""
    principals = sorted({grant.principal for grant in permission.grants})
    text = "\n".join(f"{p.kind}|{p.namespace}|{p.account}" for p in principals)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
