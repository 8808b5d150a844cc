"""Finding the proxy somebody means by NAME or NAMESPACE/NAME."""

from collections.abc import Iterable

from tulle.cli.errors import CliError
from tulle.model.names import WorkloadRef

MOST_NAMED = 12


def pick_workload(text: str, known: Iterable[WorkloadRef], flag: str) -> WorkloadRef:
    """The one workload `text` names. A bare NAME has to be unique over all namespaces."""
    namespace, slash, name = text.rpartition("/")
    everyone = sorted(known)
    found = [
        ref for ref in everyone if ref.name == name and (not slash or ref.namespace == namespace)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise CliError(
            f"{flag} {text}: {len(found)} workloads have that name",
            f"say which: {', '.join(map(str, found))}",
            "workload-ambiguous",
        )
    raise CliError(
        f"{flag} {text}: there is no such workload", _candidates(everyone), "workload-unknown"
    )


def _candidates(everyone: list[WorkloadRef]) -> str:
    if not everyone:
        return "there are no workloads at all"
    more = ", ..." if len(everyone) > MOST_NAMED else ""
    return f"there are: {', '.join(map(str, everyone[:MOST_NAMED]))}{more}"
