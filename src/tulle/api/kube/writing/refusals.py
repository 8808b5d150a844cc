"""What a change is refused with, in Kubernetes' words: reasons and causes its clients act upon.

ApiError
├── ConflictRefused      409: what is stored is not what was meant
├── OwnedByOthers        409: applying would take fields from their managers
├── StrictRefused        400: fields nobody knows, or written twice
└── InvalidRefused       422: what would be stored is no such resource
"""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from tulle.api.errors import ApiError
from tulle.api.kube import words
from tulle.api.statuses import Cause, Details, Status
from tulle.codec.patches.apply import Conflict
from tulle.codec.patches.errors import PatchError, PatchMisses, PatchTooLarge
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem
from tulle.model.resources import Resource


class ConflictRefused(ApiError):  # noqa: N818 - what it says of the change
    """Somebody else was faster, or it is another resource of the same name."""

    def __init__(self, key: ResourceKey, why: str = "") -> None:
        hint = "read it again and repeat the change"
        super().__init__(409, "conflict", words.conflict(key, why), hint, key)


class OwnedByOthers(ApiError):  # noqa: N818 - says what the fields are
    """Each field is a cause that names its owner; kubectl shows them."""

    def __init__(self, key: ResourceKey, conflicts: Sequence[Conflict]) -> None:
        self._conflicts = conflicts
        many = "s" if len(conflicts) > 1 else ""
        told = "\n".join(_by_owner(conflicts))
        message = f"Apply failed with {len(conflicts)} conflict{many}: {told}"
        hint = "leave these fields to their owners, or take them with force=true"
        super().__init__(409, "owned-by-others", message, hint, key)

    def to_status(self) -> Status:
        """With a cause for every field."""
        causes = tuple(
            Cause("FieldManagerConflict", f"conflict with {_owner(one)}", one.field)
            for one in self._conflicts
        )
        return msgspec.structs.replace(super().to_status(), details=Details(causes=causes))


class StrictRefused(ApiError):  # noqa: N818 - what it says of the change
    """What `fieldValidation=Strict` refuses before anything else is looked at."""

    def __init__(self, kind: type[Resource], problems: Sequence[Problem]) -> None:
        message = words.undecodable(kind.KIND, kind.API_VERSION, problems)
        super().__init__(400, problems[0].code, message, problems[0].hint)
        self.problems = tuple(problems)


class InvalidRefused(ApiError):  # noqa: N818 - what it says of the change
    """Every problem is a cause with its field."""

    def __init__(self, key: ResourceKey, problems: Sequence[Problem]) -> None:
        message = words.invalid(key.kind, key.name, problems)
        super().__init__(422, problems[0].code, message, problems[0].hint, key)
        self.problems = tuple(replace(one, resource=key) for one in problems)


def of_patch(error: PatchError, key: ResourceKey) -> ApiError:
    """Why a patch was not taken, with the status Kubernetes has for it."""
    problem = error.problem
    match error:
        case PatchMisses():
            return InvalidRefused(key, [problem])
        case PatchTooLarge():
            return ApiError(413, problem.code, str(problem), problem.hint, key)
        case _:
            return ApiError(400, problem.code, str(problem), problem.hint, key)


def bad_request(
    code: str, message: str, hint: str = "", key: ResourceKey | None = None
) -> ApiError:
    """400: what was sent makes no sense by itself."""
    return ApiError(400, code, message, hint, key)


def terminating(key: ResourceKey) -> ApiError:
    """403: a namespace on its way out takes nothing new."""
    message = (
        f'{words.resource_word(key)} "{key.name}" is forbidden: unable to create new content in namespace '
        f"{key.namespace} because it is being terminated"
    )
    return ApiError(403, "namespace-terminating", message, "wait until it is gone, or use another")


def needed_namespace(key: ResourceKey) -> ApiError:
    """403: one namespace stays for good."""
    message = f'namespaces "{key.name}" is forbidden: this namespace may not be deleted'
    hint = "delete what is in it: `tulle delete KIND NAME`, `kubectl delete KIND --all`"
    return ApiError(403, "namespace-needed", message, hint, key)


def _by_owner(conflicts: Sequence[Conflict]) -> list[str]:
    """One line where there is one conflict; else its fields below each owner."""
    if len(conflicts) == 1:
        return [f"conflict with {_owner(conflicts[0])}: {conflicts[0].field}"]
    lines: list[str] = []
    for owner in dict.fromkeys(map(_owner, conflicts)):
        fields = [one.field for one in conflicts if _owner(one) == owner]
        lines += [f"conflicts with {owner}:", *(f"- {field}" for field in fields)]
    return lines


def _owner(conflict: Conflict) -> str:
    """An owner as Kubernetes names one: updaters with their version and time."""
    owner = conflict.owner
    said = f'"{owner.manager}"'
    if owner.subresource:
        said += f' with subresource "{owner.subresource}"'
    if owner.operation == "Update":
        said += f" using {owner.api_version}"
        if conflict.since:
            said += f" at {conflict.since}"
    return said
