"""What one client is told of revisions."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.api.kube.reading.events import ADDED, DELETED, MODIFIED, Scope, events_of
from tulle.api.kube.reading.history import Move
from tulle.codec.selectors import Selector, parse_labels
from tulle.model.kinds.core import ConfigMap
from tulle.model.kinds.service import Service
from tulle.model.resources import Metadata, Resource

WEB = parse_labels("app=web")
assert isinstance(WEB, tuple)
ALL = Scope(ConfigMap, None, Selector())
ONLY_WEB = Scope(ConfigMap, None, Selector(WEB))


def made(app: str = "web", uid: str = "1", version: str = "1") -> ConfigMap:
    labels = {"app": app}
    metadata = Metadata(
        name="a", namespace="shop", labels=labels, uid=uid, resource_version=version
    )
    return ConfigMap(metadata=metadata)


def told(before: Resource | None, after: Resource | None, scope: Scope = ONLY_WEB) -> list[str]:
    key = (before or after or made()).key
    return [e.type for e in events_of([Move(7, key, before, after)], scope)]


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        (None, made(), [ADDED]),
        (made(), made(version="7"), [MODIFIED]),
        (made(), None, [DELETED]),
        (made("db"), made("web"), [ADDED]),
        (made("web"), made("db"), [DELETED]),
        (made("db"), made("db", version="7"), []),
        (made("db"), None, []),
        (None, made("db"), []),
    ],
)
def test_to_a_client_what_begins_to_match_comes_and_what_ceases_to_goes(
    before: Resource | None, after: Resource | None, events: list[str]
) -> None:
    assert told(before, after) == events


def test_a_deleted_resource_is_told_as_it_last_was_at_the_revision_that_took_it() -> None:
    (event,) = events_of([Move(7, made().key, made(), None)], ALL)
    assert event.resource == msgspec.structs.replace(
        made(), metadata=msgspec.structs.replace(made().metadata, resource_version="7")
    )


def test_other_kinds_and_other_namespaces_are_none_of_its_business() -> None:
    assert told(None, made(), Scope(Service, None, Selector())) == []
    assert told(None, made(), Scope(ConfigMap, "other", Selector())) == []
    assert told(None, made(), Scope(ConfigMap, "shop", Selector())) == [ADDED]


apps = st.none() | st.sampled_from(["web", "db"])


@given(st.lists(apps))
def test_who_follows_the_events_always_has_what_a_list_would_give(
    history: list[str | None],
) -> None:
    known: set[str] = set()
    before: Resource | None = None
    for revision, app in enumerate(history):
        after = None if app is None else made(app, version=str(revision))
        for event in events_of([Move(revision, made().key, before, after)], ONLY_WEB):
            assert (event.type == ADDED) is (not known)
            known = set() if event.type == DELETED else {"a"}
        before = after
        assert bool(known) is ONLY_WEB.wants(after)
