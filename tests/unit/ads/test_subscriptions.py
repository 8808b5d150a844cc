import pytest

from tulle.ads.messages import Request
from tulle.ads.subscriptions import MAX_NAMES, Asked, Subscription
from tulle.ads.wire import ProtocolError
from tulle.xds.snapshots import TypeUrl


def ask(type_url: TypeUrl = TypeUrl.CLUSTER, *add: str, drop: tuple[str, ...] = ()) -> Request:
    return Request(type_url, add, drop)


@pytest.mark.parametrize("type_url", [TypeUrl.CLUSTER, TypeUrl.LISTENER])
def test_a_first_request_without_names_asks_for_all_clusters_or_listeners(
    type_url: TypeUrl,
) -> None:
    subscription = Subscription()
    assert subscription.change(ask(type_url)) == Asked(everything=True)
    assert subscription.covers("anything")


def test_a_first_request_without_names_asks_for_no_endpoints() -> None:
    subscription = Subscription()
    assert subscription.change(ask(TypeUrl.ENDPOINTS)) == Asked()
    assert not subscription.covers("a")


def test_a_later_request_without_names_changes_nothing() -> None:
    subscription = Subscription()
    subscription.change(ask(TypeUrl.CLUSTER, "a"))
    assert subscription.change(ask()) == Asked()
    assert not subscription.wildcard


def test_names_beside_a_legacy_wildcard_do_not_end_it() -> None:
    subscription = Subscription()
    subscription.change(ask())
    assert subscription.change(ask(TypeUrl.CLUSTER, "a")) == Asked(frozenset({"a"}))
    assert subscription.covers("b")


def test_a_wildcard_ends_when_it_is_given_up_also_a_legacy_one() -> None:
    subscription = Subscription()
    subscription.change(ask())
    subscription.change(ask(TypeUrl.CLUSTER, "a", drop=("*",)))
    assert subscription.covers("a")
    assert not subscription.covers("b")


def test_a_name_given_up_under_a_wildcard_wants_an_answer() -> None:
    subscription = Subscription()
    subscription.change(ask(TypeUrl.CLUSTER, "*", "a"))
    assert subscription.change(ask(drop=("a",))) == Asked(frozenset({"a"}))


def test_a_name_given_up_and_asked_for_in_one_request_is_wanted() -> None:
    subscription = Subscription()
    subscription.change(ask(TypeUrl.ENDPOINTS, "a"))
    assert subscription.change(ask(TypeUrl.ENDPOINTS, "a", drop=("a",))) == Asked(frozenset({"a"}))
    assert subscription.covers("a")


def test_more_names_than_any_proxy_needs_are_refused() -> None:
    names = tuple(map(str, range(MAX_NAMES + 1)))
    with pytest.raises(ProtocolError):
        Subscription().change(ask(TypeUrl.ENDPOINTS, *names))
