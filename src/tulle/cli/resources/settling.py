"""Waits until every affected proxy has a change, and names those that have not."""

import time

import click

from tulle.cli.answers import Settled
from tulle.cli.client import Client
from tulle.cli.errors import CliError

ROUND_S = 1.0
"""How long the server holds one question: progress shows at least this often."""
MOST_NAMED = 10


def wait_settled(client: Client, revision: int, timeout_s: float) -> None:
    """Return when all proxies have accepted `revision`; otherwise say who has not, and fail."""
    deadline = time.monotonic() + timeout_s
    said = ""
    while True:
        left_s = max(0.0, deadline - time.monotonic())
        settled = _ask(client, revision, min(ROUND_S, left_s))
        if settled.settled:
            return
        if settled.refused and not settled.pending:
            raise CliError(_refusals(settled), "they keep what they had before", "refused-by-proxy")
        if left_s <= 0:
            raise _late(settled, timeout_s)
        line = f"waiting for {_names(settled.pending)}"
        if settled.pending and line != said:
            click.echo(line, err=True)
            said = line


def _late(settled: Settled, timeout_s: float) -> CliError:
    who = _names(settled.pending) or "the server is still at work on it"
    more = f"\n{_refusals(settled)}" if settled.refused else ""
    return CliError(
        f"not every proxy has the change after {timeout_s:g} s: {who}{more}",
        "it stays applied; `tulle proxy status` follows it",
        "not-settled",
    )


def _ask(client: Client, revision: int, wait_s: float) -> Settled:
    query = {"revision": str(revision), "timeout": f"{wait_s:g}"}
    return client.get("/tulle/v1/settled", Settled, query)


def _refusals(settled: Settled) -> str:
    lines = [
        f"{refusal.proxy} refused {refusal.resource}: {refusal.detail}"
        for refusal in settled.refused[:MOST_NAMED]
    ]
    return "\n".join(["proxies refused the change:", *lines])


def _names(pending: tuple[str, ...]) -> str:
    more = f" and {len(pending) - MOST_NAMED} more" if len(pending) > MOST_NAMED else ""
    return ", ".join(pending[:MOST_NAMED]) + more
