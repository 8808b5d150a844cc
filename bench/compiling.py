"""Compiling 1,000 services with 5,000 endpoints: from scratch, and after one endpoint changed."""

import time
from collections.abc import Callable, Iterator

from bench import worlds
from bench.figures import Figure, median

SERVICES, COPIES = 1000, 5


def seconds(act: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def figures() -> Iterator[Figure]:
    """From scratch, an endpoint change, and building one proxy's snapshot."""
    from tulle.graph.compile import Compiler
    from tulle.graph.views import view_of
    from tulle.model.names import WorkloadRef
    from tulle.ops import garbage
    from tulle.xds.build import build_snapshot

    world = worlds.world(SERVICES, COPIES)
    scale = f"{SERVICES} services, {SERVICES * COPIES} endpoints"
    yield Figure(
        "compile from scratch",
        median(seconds(lambda: Compiler().compile(world)) for _ in range(3)),
        "s",
        scale,
        1.0,
    )

    compiler = Compiler()
    compiler.compile(world)
    times = []
    with garbage.unhurried():  # as in the control plane
        for turn in range(40):
            flipped = worlds.workload(turn, 0, SERVICES, ready=bool(turn % 2))
            start = time.perf_counter()
            world = world.changed([flipped])
            compiler.compile(world)
            times.append(time.perf_counter() - start)
    yield Figure("compile after one endpoint change", median(times) * 1000, "ms", scale, 10)

    graph = compiler.compile(world).graph
    view = view_of(graph, WorkloadRef(worlds.NAMESPACE, "svc-500-0"))
    assert view is not None
    times = [seconds(lambda: build_snapshot(view)) for _ in range(20)]
    yield Figure(
        "build one proxy's snapshot",
        median(times) * 1000,
        "ms",
        f"{worlds.UPSTREAMS} upstreams",
        None,
    )
