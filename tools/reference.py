"""Writes docs/reference/kinds.md: every kind and field, from the classes that define them.

    python tools/reference.py

A golden test holds the page to the classes; `make golden` writes it anew.
"""

import inspect
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from tulle.codec.schemas import FieldText, describe_fields, for_users
from tulle.model.kinds import ALL
from tulle.model.kinds.access_policy import AccessPolicy
from tulle.model.resources import Resource

NOT_WRITTEN = frozenset({"apiVersion", "kind", "metadata", "status"})
"""Parts every kind has, told apart from what a user writes for this one."""

PAGE = Path("docs/reference/kinds.md")

INTRODUCTION = """\
# Kinds

<!-- Made by tools/reference.py from src/tulle/model/kinds. Change those, then run `make golden`. -->

Every resource has `apiVersion`, `kind` and `metadata`; what else it has is listed with its kind. Fields not
listed are refused, except those a Kubernetes cluster adds, which are named in a warning. In paths, `[]` stands
for every entry of a list. **Bold** fields are required.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, _contents(), _shared(), *(_kind(kind) for kind in _sorted_kinds())]
    return "\n".join(parts)


def _sorted_kinds() -> list[type[Resource]]:
    return sorted(ALL, key=lambda kind: kind.KIND)


def _contents() -> str:
    lines = [f"- [{kind.KIND}](#{kind.KIND.lower()}): {_summary(kind)}" for kind in _sorted_kinds()]
    return "\n".join([*lines, ""])


def _summary(kind: type[Resource]) -> str:
    """The docstring of the class, as users write fields."""
    return for_users(inspect.getdoc(kind) or "")


def _shared() -> str:
    """What all kinds have: metadata, and conditions in their status."""
    fields = list(describe_fields(AccessPolicy))
    metadata = [one for one in fields if one.path.startswith("metadata.")]
    prefix = "status."
    conditions = [
        replace(one, path=one.path.removeprefix(prefix))
        for one in fields
        if one.path.startswith(f"{prefix}conditions[].")
    ]
    about = next(one.description for one in fields if one.path == f"{prefix}conditions")
    return "\n".join(
        ["## metadata", "", *_table(metadata), "## conditions", "", about, "", *_table(conditions)]
    )


def _kind(kind: type[Resource]) -> str:
    fields = [one for one in describe_fields(kind) if "conditions[]." not in one.path]
    status = [one for one in fields if one.path.partition(".")[0] == "status"]
    written = [one for one in fields if one.path.partition(".")[0] not in NOT_WRITTEN]
    lines = [f"## {kind.KIND}", "", _summary(kind), "", *_facts(kind), ""]
    if written:
        lines += _table(written)
    if status:
        lines += ["Tulle writes:", "", *_table(status)]
    return "\n".join(lines)


def _facts(kind: type[Resource]) -> Iterator[str]:
    names = ", ".join(f"`{name}`" for name in (kind.PLURAL, *kind.SHORT_NAMES))
    yield f"- apiVersion `{kind.API_VERSION}`"
    yield f"- {'in a namespace' if kind.NAMESPACED else 'one for the whole mesh: no namespace'}"
    yield f"- in commands {names}"


def _table(fields: Iterable[FieldText]) -> Iterator[str]:
    yield "| field | type | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for one in fields:
        name = f"**`{one.path}`**" if one.required else f"`{one.path}`"
        default = f"`{one.default}`" if one.default not in {"", '""', "[]", "{}"} else ""
        yield (
            "| "
            + " | ".join(_cell(cell) for cell in (name, one.type, default, one.description))
            + " |"
        )
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    (Path(__file__).parent.parent / PAGE).write_text(page())
    sys.stdout.write(f"wrote {PAGE}\n")
