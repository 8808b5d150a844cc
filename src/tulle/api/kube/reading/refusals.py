"""What lists answer when the revision they shall be of is not to be had, as Kubernetes' clients expect it."""

import msgspec

from tulle.api.errors import ApiError
from tulle.api.kube.reading.pages import LATEST, token_of
from tulle.api.statuses import Cause, Details, Status

RETRY_S = 1


class RevisionTooNew(ApiError):  # noqa: N818 - says what the revision is
    """The revision has not been: it comes from another store, or from before a backup was restored."""

    def __init__(self, asked: int, newest: int) -> None:
        message = f"Too large resource version: {asked}, current: {newest}"
        super().__init__(504, "revision-too-new", message, "list again without a resourceVersion")

    def to_status(self) -> Status:
        """With the cause clients look for."""
        cause = Cause("ResourceVersionTooLarge", "Too large resource version")
        details = Details(causes=(cause,), retry_after_seconds=RETRY_S)
        return msgspec.structs.replace(super().to_status(), details=details)


class RevisionForgotten(ApiError):  # noqa: N818
    """The revision is too long ago."""

    def __init__(self, asked: int) -> None:
        message = f"too old resource version: {asked} is not kept any more"
        super().__init__(410, "revision-forgotten", message, "list again without a resourceVersion")


class PageForgotten(ApiError):  # noqa: N818
    """The list a page belongs to is too long ago; the answer has a token to go on regardless."""

    def __init__(self, start: str) -> None:
        self._start = start
        message = (
            "the list this continue token goes on with is not kept any more: begin anew without it, or go "
            "on with the one in this answer, where what changed in between may be missing or told twice"
        )
        super().__init__(410, "revision-forgotten", message, "list again without continue")

    def to_status(self) -> Status:
        """With the token for who would rather go on."""
        metadata = {"continue": token_of(LATEST, self._start)}
        return msgspec.structs.replace(super().to_status(), metadata=metadata)
