"""What can go wrong between the store and those who use it.

    StoreError                  the store did not do it; the message is for people
    ├── ConflictError           the resource is at another version than was expected
    │   └── AlreadyExists       it should not have been there
    ├── NotFound                there is no such resource
    ├── InvalidChange           the change makes no sense for its kind
    ├── Compacted               the watch asks for revisions that are gone: read the world again
    ├── StoreClosed             it was closed
    ├── RestoreRefused          a backup may not be put there
    ├── BackupError             a backup cannot be used
    │   ├── BackupDamaged       damaged, or none of ours
    │   ├── BackupTooNew        written by a newer Tulle
    │   ├── PassphraseNeeded    it is sealed, or has to be
    │   └── PassphraseWrong     sealed with another one
    └── StoreUnusable           the file cannot serve as a store
        ├── StoreCorrupt        damaged
        ├── StoreForeign        not one of ours
        ├── StoreTooNew         written by a newer Tulle
        ├── StoreInUse          another server holds it
        ├── StoreReadOnly       we may not write it
        ├── StoreExposed        others may read it
        └── StoreFull           the disk is full

Errors of sqlite3 and of the operating system are translated at this border and chained, never passed on.
"""

from typing import ClassVar

from tulle.model.names import ResourceKey
from tulle.model.problems import Problem


class StoreError(Exception):
    """The store did not do what was asked. `hint` is the way out; `code` is stable."""

    code: ClassVar[str] = "store-failed"

    def __init__(self, message: str, hint: str = "", resource: ResourceKey | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.resource = resource

    @property
    def problem(self) -> Problem:
        """The same as a value."""
        return Problem("", self.code, self.message, self.hint, self.resource)

    def __str__(self) -> str:
        return str(self.problem)


class ConflictError(StoreError):
    """Somebody else changed the resource first."""

    code = "conflict"


class AlreadyExists(ConflictError):  # noqa: N818 - as Kubernetes calls it
    """What should be made is there already."""

    code = "already-exists"


class NotFound(StoreError):  # noqa: N818 - an answer, as HTTP's 404 is one
    """There is no such resource."""

    code = "not-found"


class InvalidChange(StoreError):  # noqa: N818
    """A change that makes no sense for its kind: our mistake, or a client's."""

    code = "invalid-change"


class Compacted(StoreError):  # noqa: N818
    """The revisions after the one asked for are no longer kept: read the world, watch from its revision."""

    code = "compacted"


class StoreClosed(StoreError):  # noqa: N818
    """The store was closed."""

    code = "store-closed"


class StoreUnusable(StoreError):  # noqa: N818
    """The file cannot serve as a store."""

    code = "store-unusable"


class StoreCorrupt(StoreUnusable):
    """The file is damaged."""

    code = "store-corrupt"


class StoreForeign(StoreUnusable):
    """The file is not one of ours."""

    code = "store-foreign"


class StoreTooNew(StoreUnusable):
    """A newer Tulle wrote the file."""

    code = "store-too-new"


class StoreInUse(StoreUnusable):
    """Another server holds the file."""

    code = "store-in-use"


class StoreReadOnly(StoreUnusable):
    """We may not write the file, or not even read it."""

    code = "store-read-only"


class StoreExposed(StoreUnusable):
    """Other users may read the file, which holds secrets."""

    code = "store-exposed"


class StoreFull(StoreUnusable):
    """No room is left."""

    code = "store-full"


class RestoreRefused(StoreError):  # noqa: N818
    """A backup may not be put into this data directory."""

    code = "restore-refused"


class BackupError(StoreError):
    """A backup cannot be used."""

    code = "backup-unusable"


class BackupDamaged(BackupError):  # noqa: N818
    """It is damaged, or no backup of ours."""

    code = "backup-damaged"


class BackupTooNew(BackupError):  # noqa: N818
    """A newer Tulle wrote it."""

    code = "backup-too-new"


class PassphraseNeeded(BackupError):  # noqa: N818
    """It is sealed with a passphrase, or has to be."""

    code = "passphrase-needed"


class PassphraseWrong(BackupError):  # noqa: N818
    """It is sealed with another passphrase."""

    code = "passphrase-wrong"
