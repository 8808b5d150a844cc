"""Looking at all captures of a host, and taking away those nobody is behind: `tulle capture show` and `clean`."""

from collections.abc import Iterable
from pathlib import Path

from tulle.agent.capture import cgroups, ledger, namespaces, nft
from tulle.agent.errors import AgentError
from tulle.capture.records import Record, Seen, Standing, standings
from tulle.capture.rulesets import removal
from tulle.capture.tables import Table


async def look() -> tuple[Standing, ...]:
    """Every capture there is any trace of. Raises AgentError where nft does not answer."""
    records = tuple(ledger.records())
    seen = Seen(
        tables=await _tables(records),
        living={record.table for record in records if ledger.is_living(record)},
        running={record.table: cgroups.at(Path(record.cgroup)).running() for record in records},
    )
    return standings(records, seen)


async def clean(found: Iterable[Standing]) -> None:
    """Take their rules away; of those in which nothing runs, control groups and record too."""
    places = namespaces.existing()
    for standing in found:
        record = standing.record
        if standing.table:
            await nft.load(removal(standing.name), places[record.namespace] if record else None)
        if standing.running == 0:
            held = cgroups.at(Path(record.cgroup)) if record else cgroups.of_workload(standing.name)
            if await held.remove():
                ledger.remove(standing.name)


async def _tables(records: Iterable[Record]) -> dict[int, tuple[Table, ...]]:
    """Ours, in the looker's own namespace and in all that are recorded and still there."""
    places = namespaces.existing()
    found = {namespaces.here(): await nft.tables()}
    for number in {record.namespace for record in records} - set(found):
        if number in places:
            try:
                found[number] = await nft.tables(places[number])
            except AgentError:
                if places[number].exists():
                    raise
    return found
