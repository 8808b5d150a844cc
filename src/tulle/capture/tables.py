"""What nftables says is there, read for the tables that are ours: `nft -j list ruleset`."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

_PREFIX = "tulle_"
_NAME = re.compile(_PREFIX + r"[0-9a-f]{12}")
_CHECK = "self-check"
_GUARDS: Mapping[str, Literal["outbound", "inbound", "proxy"]] = {
    "guard-outbound": "outbound",
    "guard-inbound": "inbound",
    "guard-proxy": "proxy",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of ours, and how many connections its guards have refused.

    `told_apart` says for each control group its rules look at whether the kernel has seen anything come from it.
    """

    name: str
    refused_outbound: int = 0
    refused_inbound: int = 0
    refused_at_proxy: int = 0
    told_apart: tuple[bool, ...] = ()


class _Counter(msgspec.Struct, frozen=True):
    packets: int = 0


class _Statement(msgspec.Struct, frozen=True):
    """One statement of a rule; only counters matter here."""

    counter: _Counter | str | None = None


class _Rule(msgspec.Struct, frozen=True):
    family: str
    table: str
    chain: str
    expr: tuple[_Statement, ...] = ()


class _Named(msgspec.Struct, frozen=True):
    family: str
    name: str


class _Object(msgspec.Struct, frozen=True):
    """One thing of the list: exactly one of its fields, or something that does not matter."""

    table: _Named | None = None
    rule: _Rule | None = None


class _Listing(msgspec.Struct, frozen=True):
    nftables: tuple[_Object, ...]


_decode = msgspec.json.Decoder(_Listing).decode


def table_name(state_dir: str) -> str:
    """The table of the workload whose agent keeps its state there: `tulle_` and a hash."""
    return _PREFIX + hashlib.sha256(state_dir.encode()).hexdigest()[:12]


def is_ours(name: str) -> bool:
    """Whether a table, or a control group, of this name can be of our making."""
    return _NAME.fullmatch(name) is not None


def read_tables(listing: bytes) -> tuple[Table, ...]:
    """Our tables in nft's JSON, by name. Raises msgspec.MsgspecError where it is none."""
    objects = _decode(listing).nftables
    refused: dict[str, dict[str, int]] = {
        found.table.name: dict.fromkeys(_GUARDS.values(), 0)
        for found in objects
        if found.table and found.table.family == "inet" and is_ours(found.table.name)
    }
    checked: dict[str, list[bool]] = {name: [] for name in refused}
    for rule in (found.rule for found in objects if found.rule):
        if rule.family != "inet" or rule.table not in refused:
            continue
        if rule.chain in _GUARDS:
            refused[rule.table][_GUARDS[rule.chain]] += _counted(rule)
        elif rule.chain == _CHECK:
            checked[rule.table].append(_counted(rule) > 0)
    return tuple(
        Table(name, count["outbound"], count["inbound"], count["proxy"], tuple(checked[name]))
        for name, count in sorted(refused.items())
    )


def _counted(rule: _Rule) -> int:
    counters = (statement.counter for statement in rule.expr)
    return sum(counter.packets for counter in counters if isinstance(counter, _Counter))
