"""One type alone; the playbooks of test_delta show it among others."""

from tests.unit.ads.playbooks import snapshot

from tulle.ads.channels import Channel
from tulle.ads.messages import Request
from tulle.ads.ordering import Readiness
from tulle.xds.snapshots import Resources, TypeUrl


def target(line: str, type_url: TypeUrl = TypeUrl.ROUTE) -> Resources:
    return snapshot(line).of(type_url)


def opened(type_url: TypeUrl = TypeUrl.ROUTE, *names: str, **held: str) -> Channel:
    channel = Channel(type_url)
    channel.subscribe(Request(type_url, names, initial_versions=held), opening=True)
    return channel


def all_ready(name: str) -> Readiness:
    return Readiness.READY


def test_what_is_due_is_told_apart_by_why_it_cannot_go() -> None:
    channel = opened(TypeUrl.ROUTE, "*", g="1", f="1")
    channel.ledger.refused["f"] = "2"
    verdicts = {"r": Readiness.READY, "w": Readiness.WAITING, "b": Readiness.BLOCKED}
    due = channel.plan(target("RDS r@1 w@1 b@1 f@2"), verdicts.__getitem__)
    assert [resource.name for resource in due.changes] == ["r"]
    assert (due.waiting, due.blocked, due.refused) == (("w",), ("b",), ("f",))
    assert due.later == {"g"}
    assert not due.is_settled


def test_names_are_sent_in_one_order_whatever_order_they_were_asked_in() -> None:
    due = opened(TypeUrl.ROUTE, "b", "c", "a").plan(target("RDS c@1 a@1 b@1"), all_ready)
    assert [resource.name for resource in due.changes] == ["a", "b", "c"]


def test_a_response_is_recorded_as_sent_and_what_is_due_must_be_planned_anew() -> None:
    channel = opened(TypeUrl.ROUTE, "a", "x")
    due = channel.plan(target("RDS a@1"), all_ready)
    response = channel.take(due, "7", 3)
    assert response is not None
    assert (response.nonce, response.versions, response.removed) == ("7", {"a": "1"}, ("x",))
    assert channel.due is None
    assert [sent.round for sent in channel.ledger.in_flight] == [3]
    assert channel.plan(target("RDS a@1"), all_ready).is_settled
    assert not channel.is_settled


def test_late_removals_ripen_over_a_whole_turn() -> None:
    channel = opened(TypeUrl.CLUSTER, "*", a="1")
    empty = target("CDS", TypeUrl.CLUSTER)
    for _ in range(2):
        assert channel.plan(empty, all_ready).removed == ()
        channel.on_grace()
    assert channel.plan(empty, all_ready).removed == ("a",)


def test_a_grace_that_was_broken_off_begins_anew() -> None:
    channel = opened(TypeUrl.CLUSTER, "*", a="1")
    empty = target("CDS", TypeUrl.CLUSTER)
    channel.plan(empty, all_ready)
    channel.on_grace()
    channel.restart_grace()
    channel.plan(empty, all_ready)
    channel.on_grace()
    assert channel.plan(empty, all_ready).removed == ()


def test_a_wildcard_is_not_settled_before_its_first_answer() -> None:
    channel = opened(TypeUrl.LISTENER, "*")
    due = channel.plan(target("LDS", TypeUrl.LISTENER), all_ready)
    assert due.is_settled
    assert not channel.is_settled
    assert channel.take(due, "1", 1) is not None
    channel.plan(target("LDS", TypeUrl.LISTENER), all_ready)
    assert channel.is_settled
