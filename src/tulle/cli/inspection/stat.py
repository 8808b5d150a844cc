"""`tulle stat`: golden numbers of every edge."""

import time
from collections.abc import Sequence

import click

from tulle.cli.answers import Edge, Edges
from tulle.cli.client import Client, server_option
from tulle.cli.output import number_text, output_option, print_as, print_table

HEADERS = (
    "FROM",
    "TO",
    "PROTOCOL",
    "REQUESTS",
    "CONNECTIONS",
    "FAILURES",
    "P50 MS",
    "P99 MS",
    "MTLS",
)
EVERY_S = 2.0

_MTLS = {True: "yes", False: "NO", None: "-"}


@click.command("stat")
@click.option("--watch", is_flag=True, help="Print it anew every 2 seconds until Ctrl-C.")
@output_option("table", "json", "yaml")
@server_option
def command(watch: bool, output: str, client: Client) -> None:
    """Golden numbers of every edge, since its proxy started.

    An edge is one workload calling one service. MTLS says what was seen on its connections at both ends, not what
    was configured; "-" while the other end has not reported. TCP has connections and no requests.
    """
    while True:
        _show(client.get("/tulle/v1/edges", Edges).edges, output)
        if not watch:
            return
        time.sleep(EVERY_S)


def _show(edges: Sequence[Edge], output: str) -> None:
    if output == "table":
        print_table(HEADERS, [edge_row(edge) for edge in edges])
    else:
        print_as(output, {"edges": [edge_object(edge) for edge in edges]})


def edge_row(edge: Edge) -> tuple[str, ...]:
    """An edge as cells under `HEADERS`."""
    return (
        edge.source,
        edge.to,
        edge.protocol,
        "-" if edge.protocol == "tcp" else str(edge.requests),
        str(edge.connections),
        str(edge.failures),
        number_text(edge.p50_ms),
        number_text(edge.p99_ms),
        _MTLS[edge.mtls],
    )


def edge_object(edge: Edge) -> dict[str, object]:
    """An edge as `-o json` writes it."""
    return {
        "from": edge.source,
        "to": edge.to,
        "protocol": edge.protocol,
        "requests": edge.requests,
        "connections": edge.connections,
        "failures": edge.failures,
        "p50_ms": _rounded(edge.p50_ms),
        "p99_ms": _rounded(edge.p99_ms),
        "mtls": edge.mtls is True,
    }


def _rounded(milliseconds: float | None) -> float | None:
    """To a microsecond: histograms know no more."""
    return None if milliseconds is None else round(milliseconds, 3)
