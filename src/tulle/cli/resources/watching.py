"""`tulle get --watch`: what there is, then a line for every change, until Ctrl-C."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import click

from tulle.cli.client import Client
from tulle.cli.errors import CliError
from tulle.cli.output import GAP, print_as
from tulle.cli.resources.paths import resource_path
from tulle.cli.resources.rows import row_of

if TYPE_CHECKING:
    from tulle.model.resources import Resource

Event = tuple[str, dict[str, Any]]


def watch_resources(
    client: Client,
    kind: "type[Resource]",
    namespace: str | None,
    query: Mapping[str, str],
    output: str,
) -> None:
    """Print every event. Ends by being interrupted, which is how it is meant, or with the server."""
    printer = _Printer(kind, output, several=namespace is None)
    with suppress(KeyboardInterrupt):
        for type_, resource in events(client, resource_path(kind, namespace), query):
            printer.show(type_, resource)


def events(client: Client, path: str, query: Mapping[str, str]) -> Iterator[Event]:
    """Type and resource of every event, first of all there is; a watch that ends is begun where it ended."""
    version = ""
    while True:
        begun = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version}
        for line in client.lines(path, {**query, **begun}):
            event = cast("dict[str, Any]", json.loads(line))
            resource = event["object"]
            if event["type"] == "ERROR":
                raise CliError(resource["message"], "begin the watch anew", "watch-expired")
            version = resource["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK":
                yield event["type"], resource
        if not version:
            return  # nothing to go on from: the server is ending


class _Printer:
    """Prints events one by one; columns keep the widths they have had."""

    def __init__(self, kind: "type[Resource]", output: str, *, several: bool) -> None:
        self._kind = kind
        self._output = output
        self._hidden = set() if several and kind.NAMESPACED else {"NAMESPACE"}
        self._widths: list[int] = []

    def show(self, type_: str, resource: dict[str, Any]) -> None:
        """One event."""
        if self._output in {"json", "yaml"}:
            from tulle.codec.encode import redacted

            print_as(self._output, {"type": type_, "object": redacted(resource)})
        elif self._output == "name":
            click.echo(f"{type_} {self._kind.KIND.lower()}/{resource['metadata']['name']}")
        else:
            self._show_row(type_, resource)

    def _show_row(self, type_: str, resource: dict[str, Any]) -> None:
        from datetime import UTC, datetime

        from tulle.codec.decode import resource_from_json

        read = resource_from_json(self._kind, json.dumps(resource).encode())
        row = {"EVENT": type_, **row_of(read, datetime.now(UTC), wide=self._output == "wide")}
        headers = [header for header in row if header not in self._hidden]
        if not self._widths:
            self._widths = [0] * len(headers)
            self._line([row[header] for header in headers], shown=False)
            self._line(headers)
        self._line([row[header] for header in headers])

    def _line(self, cells: list[str], *, shown: bool = True) -> None:
        self._widths = [max(w, len(c)) for w, c in zip(self._widths, cells, strict=True)]
        if shown:
            padded = (cell.ljust(w) for cell, w in zip(cells, self._widths, strict=True))
            click.echo(GAP.join(padded).rstrip())
