"""The last configuration Envoy accepted, on disk: agent and Envoy start from it while the control plane is away.

Only what Envoy accepted is kept: a restart can then not meet what it would refuse.
"""

import msgspec

from tulle.agent.state import StateDir
from tulle.xds.snapshots import TypeUrl, XdsResource, XdsSnapshot, snapshot_of

_FILE = "snapshot.msgpack"
_FORMAT = 1


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    type_url: TypeUrl
    name: str
    version: str
    framed: bytes


class _Saved(msgspec.Struct, frozen=True, array_like=True):
    format: int
    workload: str
    entries: tuple[_Entry, ...]


def load(state: StateDir, workload: str) -> XdsSnapshot | None:
    """What was saved for this workload; None where there is nothing, or nothing this version reads."""
    data = state.read(_FILE)
    if data is None:
        return None
    try:
        saved = msgspec.msgpack.decode(data, type=_Saved)
    except msgspec.MsgspecError:
        return None
    if (saved.format, saved.workload) != (_FORMAT, workload):
        return None
    return snapshot_of(
        (entry.type_url, XdsResource(entry.name, entry.version, entry.framed))
        for entry in saved.entries
    )


def save(state: StateDir, workload: str, snapshot: XdsSnapshot) -> None:
    """Replace what was saved. Slow (it waits for the disk): not for the event loop's own thread."""
    entries = tuple(
        _Entry(type_url, resource.name, resource.version, resource.framed)
        for type_url in TypeUrl
        for resource in snapshot.of(type_url).values()
    )
    state.write(_FILE, msgspec.msgpack.encode(_Saved(_FORMAT, workload, entries)))
