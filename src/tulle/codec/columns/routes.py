"""Columns of routes: where they attach, where they lead, and whether every parent took them."""

from collections.abc import Mapping

from tulle.codec.columns.column import Cell, Column, joined, worst
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.tcp_route import TCPRoute
from tulle.model.resources import Resource

Route = HTTPRoute | TCPRoute


def _backends(route: Route) -> Cell:
    refs = [ref for rule in route.spec.rules for ref in rule.backend_refs]
    return joined(f"{ref.name}:{ref.port}*{ref.weight}" for ref in refs)


def _worst(route: Route, type_: str) -> Cell:
    return worst([c for parent in route.status.parents for c in parent.conditions], type_)


def _path(type_: str) -> str:
    """Of the first parent: a JSONPath cannot choose the worst."""
    return f'.status.parents[0].conditions[?(@.type=="{type_}")].status'


_COLUMNS = (
    Column(
        "Parents",
        lambda r: joined(parent.name for parent in r.spec.parent_refs),
        "What it attaches to.",
    ),
    Column("Backends", _backends, "Where it leads, with ports and weights."),
    Column(
        "Accepted",
        lambda r: _worst(r, "Accepted"),
        "Whether its parents follow it; of several the one that does not.",
        _path("Accepted"),
    ),
    Column(
        "Resolved",
        lambda r: _worst(r, "ResolvedRefs"),
        "Whether its backends were found.",
        _path("ResolvedRefs"),
    ),
)

ROUTES: Mapping[type[Resource], tuple[Column, ...]] = {
    HTTPRoute: (
        *_COLUMNS,
        Column(
            "Hostnames",
            lambda r: joined(r.spec.hostnames),
            "Names it is for.",
            wide=True,
        ),
    ),
    TCPRoute: _COLUMNS,
}
