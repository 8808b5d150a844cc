"""How a resource shall be deleted: DeleteOptions of the body and of the query, read into a change. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from tulle.api.kube import words
from tulle.api.kube.writing.refusals import ConflictRefused, InvalidRefused, bad_request
from tulle.api.kube.writing.requests import flag, is_dry_run
from tulle.model.deletions import Propagation
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem
from tulle.model.resources import Resource
from tulle.store.contract import Delete

_OPTIONS = ResourceKey("DeleteOptions", "", "")


class Preconditions(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What must hold of the resource."""

    uid: str | None = None
    resource_version: str | None = None


class DeleteOptions(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The body of a deletion, as Kubernetes' clients send it.

    `grace_period_seconds` is taken and has no effect: nothing of ours ends slowly.
    """

    kind: str = ""
    api_version: str = ""
    grace_period_seconds: int | None = None
    preconditions: Preconditions | None = None
    orphan_dependents: bool | None = None
    propagation_policy: str | None = None
    dry_run: tuple[str, ...] = ()
    ignore_store_read_error_with_cluster_breaking_potential: bool | None = None


@dataclass(frozen=True, slots=True)
class Deletion:
    """How to delete."""

    propagation: Propagation | None = None
    uid: str = ""
    version: str = ""
    dry_run: bool = False

    def of(self, resource: Resource) -> Delete:
        """The change that deletes a resource as it is now; raises ApiError if a precondition does not hold."""
        metadata = resource.metadata
        if self.uid not in {"", metadata.uid}:
            why = words.precondition("UID", self.uid, metadata.uid)
            raise ConflictRefused(resource.key, why)
        if self.version not in {"", metadata.resource_version}:
            why = words.precondition("ResourceVersion", self.version, metadata.resource_version)
            raise ConflictRefused(resource.key, why)
        expect = self.version or None
        return Delete(resource.key, expect, self.uid, self.propagation)


def deletion(options: DeleteOptions, query: Mapping[str, str], dry_run: Sequence[str]) -> Deletion:
    """What body and query ask for together; the body goes first. Raises ApiError."""
    _check_grace(options, query)
    orphans = options.orphan_dependents
    orphans = flag(query, "orphanDependents") if orphans is None else orphans
    policy = options.propagation_policy or query.get("propagationPolicy") or ""
    asked = options.preconditions or Preconditions()
    return Deletion(
        propagation=_propagation(policy, orphans),
        uid=asked.uid or "",
        version=asked.resource_version or "",
        dry_run=is_dry_run([*options.dry_run, *dry_run]),
    )


def _propagation(policy: str, orphans: bool | None) -> Propagation | None:
    if policy and orphans is not None:
        message = "orphanDependents and propagationPolicy exclude each other"
        raise _invalid("propagationPolicy", "conflict", message)
    if orphans is not None:
        return Propagation.ORPHAN if orphans else Propagation.BACKGROUND
    if not policy:
        return None
    try:
        return Propagation(policy)
    except ValueError:
        known = ", ".join(Propagation)
        message = f"must be one of {known}, not {policy[:60]!r}"
        raise _invalid("propagationPolicy", "bad-value", message) from None


def _check_grace(options: DeleteOptions, query: Mapping[str, str]) -> None:
    text = query.get("gracePeriodSeconds")
    if text is not None and not text.lstrip("-").isdecimal():
        message = f"gracePeriodSeconds must be a whole number, not {text[:60]!r}"
        raise bad_request("query-malformed", message)
    seconds = options.grace_period_seconds if options.grace_period_seconds is not None else text
    if seconds is not None and int(seconds) < -1:
        raise _invalid("gracePeriodSeconds", "out-of-range", "must not be negative")


def _invalid(path: str, code: str, message: str) -> InvalidRefused:
    return InvalidRefused(_OPTIONS, [Problem(path, code, message)])
