"""What the query of a change asks for, read into values by Kubernetes' rules. Pure.

What we do not know is refused: nothing is ignored in silence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tulle.api.kube.writing.refusals import bad_request

MAX_MANAGER = 128
"""Characters of a field manager's name, as in Kubernetes."""

NOBODY = "unknown"
"""The manager of a client that gives neither its name nor that of its program."""

_SHARED = frozenset({"dryRun", "pretty", "timeout"})
_WRITES = _SHARED | {"fieldManager", "fieldValidation", "force"}
DELETES: frozenset[str] = _SHARED | {"gracePeriodSeconds", "orphanDependents", "propagationPolicy"}


class Validation(StrEnum):
    """What becomes of fields nobody knows and of fields written twice. Without a word they are refused."""

    STRICT = "Strict"
    WARN = "Warn"
    IGNORE = "Ignore"


@dataclass(frozen=True, slots=True)
class WriteQuery:
    """How to write. `manager` owns what is changed; `force` is None where the query does not say."""

    manager: str
    dry_run: bool = False
    validation: Validation = Validation.STRICT
    force: bool | None = None
    names_manager: bool = False


def write_query(query: Mapping[str, str], dry_run: Sequence[str], agent: str) -> WriteQuery:
    """The query of a create, replace or patch; `agent` is the client's User-Agent. Raises ApiError."""
    check_known(query, _WRITES)
    named = query.get("fieldManager", "")
    return WriteQuery(
        manager=_manager(named) if named else _program(agent),
        dry_run=is_dry_run(dry_run),
        validation=_validation(query.get("fieldValidation") or Validation.STRICT),
        force=flag(query, "force"),
        names_manager=bool(named),
    )


def check_known(query: Iterable[str], known: frozenset[str]) -> None:
    """Refuse what would be ignored."""
    for name in query:
        if name not in known:
            message = f"{name[:60]} means nothing to this request"
            raise bad_request("query-not-supported", message, f"known: {', '.join(sorted(known))}")


def is_dry_run(values: Sequence[str]) -> bool:
    """Whether to change nothing; "All" is the only way there is."""
    for value in values:
        if value != "All":
            message = f"dryRun must be All, not {value[:60]!r}"
            raise bad_request("query-malformed", message, "leave it out to make the change")
    return bool(values)


def flag(query: Mapping[str, str], name: str) -> bool | None:
    """A true or false of the query, None if it is not there."""
    match query.get(name):
        case None:
            return None
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case other:
            message = f"{name} must be true or false, not {other[:60]!r}"
            raise bad_request("query-malformed", message)


def _validation(text: str) -> Validation:
    try:
        return Validation(text)
    except ValueError:
        message = f"fieldValidation must be Strict, Warn or Ignore, not {text[:60]!r}"
        raise bad_request("query-malformed", message) from None


def _manager(name: str) -> str:
    if len(name) > MAX_MANAGER or not name.isprintable():
        message = f"fieldManager has at most {MAX_MANAGER} printable characters"
        raise bad_request("query-malformed", message)
    return name


def _program(agent: str) -> str:
    """A client's program, as its User-Agent begins: `kubectl/v1.37.1 (linux/amd64)`."""
    name = "".join(c for c in agent.partition("/")[0] if c.isprintable())
    return name[:MAX_MANAGER] or NOBODY
