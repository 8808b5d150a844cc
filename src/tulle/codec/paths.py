"""Field paths as Kubernetes writes them: `spec.rules[0].backendRefs[1].weight`, `metadata.labels[a.b/c]`."""

import re
from collections.abc import Iterable

Step = str | int
"""The name of a field, or an index of a list."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LAST = re.compile(r"(\.?[^.\[\]]+|\[[^\]]*\])$")


def join(path: str, step: Step) -> str:
    """The path one step further down; names with dots or slashes stand in brackets."""
    if isinstance(step, int) or not _PLAIN.fullmatch(step):
        return f"{path}[{step}]"
    return f"{path}.{step}" if path else step


def path_of(steps: Iterable[Step]) -> str:
    """The path of all steps from the resource's top."""
    path = ""
    for step in steps:
        path = join(path, step)
    return path


def parent(path: str) -> str:
    """The path one step up; that of the top is "", and so is its own."""
    return _LAST.sub("", path, count=1) if _LAST.search(path) else ""
