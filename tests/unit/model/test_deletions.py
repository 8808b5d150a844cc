"""Finalizers hold a deleted resource, and the ways of deletion are finalizers too."""

import pytest

from tulle.model.deletions import Propagation, deleted, is_deleting, without_finalizer
from tulle.model.kinds.core import ConfigMap, Namespace
from tulle.model.resources import Metadata

NOW, LATER = "2027-01-15T08:00:00Z", "2027-01-15T09:00:00Z"


def config(*finalizers: str) -> ConfigMap:
    return ConfigMap(metadata=Metadata(name="a", namespace="shop", finalizers=finalizers))


def test_what_nothing_holds_is_gone_at_once() -> None:
    assert deleted(config(), None, NOW) is None
    assert deleted(config(), Propagation.BACKGROUND, NOW) is None


def test_what_a_finalizer_holds_is_marked_once() -> None:
    first = deleted(config("a.b/c"), None, NOW)
    assert first is not None
    again = deleted(first, None, LATER)

    assert is_deleting(first)
    assert first.metadata.deletion_timestamp == NOW
    assert first.metadata.deletion_grace_period_seconds == 0
    assert again == first


@pytest.mark.parametrize(
    ("propagation", "finalizer"),
    [(Propagation.FOREGROUND, "foregroundDeletion"), (Propagation.ORPHAN, "orphan")],
)
def test_a_way_of_deletion_holds_until_its_work_is_done(
    propagation: Propagation, finalizer: str
) -> None:
    marked = deleted(config(), propagation, NOW)

    assert marked is not None
    assert marked.metadata.finalizers == (finalizer,)
    assert without_finalizer(marked, finalizer).metadata.finalizers == ()


def test_the_last_way_asked_for_counts() -> None:
    foreground = deleted(config("a.b/c"), Propagation.FOREGROUND, NOW)
    assert foreground is not None
    background = deleted(foreground, Propagation.BACKGROUND, NOW)

    assert background is not None
    assert background.metadata.finalizers == ("a.b/c",)


def test_a_namespace_is_terminating_until_it_is_empty() -> None:
    namespace = Namespace(metadata=Metadata(name="shop"))
    marked = deleted(namespace, None, NOW, is_empty=False)

    assert isinstance(marked, Namespace)
    assert (marked.metadata.finalizers, marked.status.phase) == (("kubernetes",), "Terminating")
    assert deleted(namespace, None, NOW, is_empty=True) is None
