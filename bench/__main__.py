"""Every figure, one JSON line each. `python -m bench [NAME…]` runs only those groups."""

import sys
from collections.abc import Callable, Iterator

from bench import (
    capturing,
    cli_start,
    compiling,
    data_plane,
    fan_out,
    first_request,
    host_agent,
    memory,
    resolving,
)
from bench.figures import Figure, progress, show

GROUPS: dict[str, Callable[[], Iterator[Figure]]] = {
    "cli": cli_start.figures,
    "compile": compiling.figures,
    "memory": memory.figures,
    "data-plane": data_plane.figures,
    "capture": capturing.figures,
    "fan-out": fan_out.figures,
    "first-request": first_request.figures,
    "dns": resolving.figures,
    "host-agent": host_agent.figures,
}


def main() -> None:
    """Run the groups named, or all."""
    unknown = set(sys.argv[1:]) - set(GROUPS)
    if unknown:
        sys.exit(
            f"bench: no such group: {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}"
        )
    for name in sys.argv[1:] or GROUPS:
        progress(name)
        show(GROUPS[name]())


main()
