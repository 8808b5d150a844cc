"""A process that writes to a store from several tasks until it is killed, again and again. Run by test_kills.

Each line of standard input starts one life: STORE SEED AFTER. It is a fork, so that a life costs no imports. What
it acknowledges goes to standard output, one whole line each:

    pid PID                     it lives; whoever reads may kill it from now on
    put REVISION NAME ADDRESS   a write was acknowledged; one line for each of its changes
    gone REVISION NAME          a removal was acknowledged
    saw REVISION                the watch, resumed after AFTER, gave a revision; so AFTER may be amid a write
    ended                       it was killed
"""

import asyncio
import os
import random
import sys
import time
from contextlib import aclosing
from pathlib import Path

from tulle.model.kinds.workload import Workload, WorkloadSpec
from tulle.model.resources import Metadata
from tulle.store.contract import Delete, Put
from tulle.store.errors import NotFound
from tulle.store.sqlite import SqliteStore

WRITERS = 6


def say(*words: object) -> None:
    """One line, whole or not at all: a pipe takes short writes in one piece."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def workload(name: str, address: str, filling: int) -> Workload:
    annotations = {"filling": "x" * filling}
    metadata = Metadata(name=name, namespace="shop", annotations=annotations)
    return Workload(metadata=metadata, spec=WorkloadSpec(address=address))


async def write(store: SqliteStore, seed: int, writer: int) -> None:
    luck = random.Random(seed * WRITERS + writer)
    for number in range(250 * 250):
        names = [f"w{writer}-{n}" for n in luck.sample(range(5), luck.randrange(1, 4))]
        address = f"{writer + 1}.{seed}.{number // 250}.{number % 250}"
        try:
            if luck.random() < 0.2:
                batch = await store.write([Delete(workload(names[0], address, 0).key)])
                say("gone", batch.revision, names[0])
            else:
                # Some are large, so that the WAL is taken over into the database in the middle of it all.
                filling = luck.choice([10, 100, 30_000])
                batch = await store.write([Put(workload(n, address, filling)) for n in names])
                for revision, key, _ in batch.numbered():
                    say("put", revision, key.name, address)
        except NotFound:
            pass


async def watch(store: SqliteStore, after: int) -> None:
    async with aclosing(store.watch(after)) as batches:
        async for batch in batches:
            for revision, _, _ in batch.numbered():
                say("saw", revision)


async def live(path: Path, seed: int, after: int) -> None:
    store = SqliteStore.open(path, time.time)  # noqa: TID251
    async with asyncio.TaskGroup() as group:
        group.create_task(watch(store, after))
        for writer in range(WRITERS):
            group.create_task(write(store, seed, writer))


def main() -> None:
    for line in sys.stdin:
        path, seed, after = line.split()
        pid = os.fork()
        if pid == 0:
            say("pid", os.getpid())
            asyncio.run(live(Path(path), int(seed), int(after)))
            os._exit(1)
        os.waitpid(pid, 0)
        say("ended")


if __name__ == "__main__":
    main()
