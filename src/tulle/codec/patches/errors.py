"""Why a patch cannot be applied.

PatchError            what was sent is no patch of its kind: 400 to HTTP
├── PatchTooLarge     more than is taken at once: 413
└── PatchMisses       a good patch that does not fit what is stored: 422
"""

from collections.abc import Iterable
from typing import ClassVar

from tulle.model.problems import Problem


class PatchError(Exception):
    """The patch is malformed; `problem` says where, from the patch's top."""

    code: ClassVar[str] = "bad-patch"

    def __init__(self, path: str, message: str, hint: str = "") -> None:
        self.problem = Problem(path, self.code, message, hint)
        super().__init__(str(self.problem))


class PatchTooLarge(PatchError):  # noqa: N818 - what it says of the patch
    """More operations, or more copying, than is taken at once."""


class PatchMisses(PatchError):  # noqa: N818
    """What it speaks of is not there, or not as it says."""

    code = "patch-misses"

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message, "read the resource again; it may have changed")


class NotAResource(PatchError):  # noqa: N818
    """What would be stored is not a resource of its kind; `problems` has everything wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("", "what the patch makes is not a resource of its kind")
