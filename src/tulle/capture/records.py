"""Who stands behind rules: what an agent writes down when it applies them, and what `show` and `clean` make of it.

The rules in the kernel outlive a killed agent on purpose: its program stays captured. A record says whose they
are, so that they can be told from those of agents that live, and taken away.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec

from tulle.capture.tables import Table


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One capture, written before anything of it is made; without ports while the workload has yet to join.

    `namespace` is the network namespace it is in: its number, and in mode `netns` its path.
    `cgroup` is the folder that holds the workload's control groups; the agent holds a lock in `state_dir` for as
    long as it lives.
    """

    table: str
    workload: str
    mode: Literal["cgroup", "netns"]
    state_dir: str
    cgroup: str
    namespace: int
    namespace_path: str = ""
    outbound_port: int
    inbound_port: int


class State(StrEnum):
    """`UNATTENDED`: its agent is gone, program or proxy run on; an agent of the host comes back to such."""

    STARTING = "starting"
    ACTIVE = "active"
    BROKEN = "rules missing"
    UNATTENDED = "unattended"
    LEFT_BEHIND = "left behind"
    UNRECORDED = "unrecorded"


@dataclass(frozen=True, slots=True)
class Standing:
    """A capture as it stands: what is recorded, what the kernel has, and whether anybody is behind it."""

    name: str
    state: State
    record: Record | None = None
    table: Table | None = None
    running: int = 0
    """Processes still in its control groups."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked at: tables by the namespaces they are in, captures whose agents live, processes by capture.

    A namespace that is not among them exists no more.
    """

    tables: Mapping[int, tuple[Table, ...]]
    living: Collection[str]
    running: Mapping[str, int]


def standings(records: Iterable[Record], seen: Seen) -> tuple[Standing, ...]:
    """Every capture there is any trace of, by workload."""
    by_name = {record.table: record for record in records}
    found = [_standing(record, seen) for record in by_name.values()]
    strays = [
        Standing(table.name, State.UNRECORDED, None, table, seen.running.get(table.name, 0))
        for tables in seen.tables.values()
        for table in tables
        if table.name not in by_name
    ]
    return tuple(sorted((*found, *strays), key=_order))


def _order(standing: Standing) -> tuple[str, str]:
    return (standing.record.workload if standing.record else "", standing.name)


def _standing(record: Record, seen: Seen) -> Standing:
    tables = seen.tables.get(record.namespace)
    table = next((one for one in tables or () if one.name == record.table), None)
    running = seen.running.get(record.table, 0)
    return Standing(record.table, _state(record, seen, table), record, table, running)


def _state(record: Record, seen: Seen, table: Table | None) -> State:
    if record.table in seen.living:
        if table:
            return State.ACTIVE
        return State.BROKEN if record.outbound_port else State.STARTING
    return State.UNATTENDED if seen.running.get(record.table) else State.LEFT_BEHIND


def to_clean(
    found: Iterable[Standing], *, workload: str = "", everything: bool = False
) -> tuple[Standing, ...]:
    """What to take away: captures nobody and nothing is behind; of one workload if named, any at all if asked."""
    wanted = {State.LEFT_BEHIND, State.UNRECORDED}
    if everything:
        wanted |= {State.ACTIVE, State.BROKEN, State.UNATTENDED}
    return tuple(
        standing
        for standing in found
        if standing.state in wanted
        and (not workload or (standing.record is not None and standing.record.workload == workload))
    )
