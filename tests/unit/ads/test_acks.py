"""The ledger alone; the playbooks of test_delta show it at work."""

from tulle.ads.acks import Held, Ledger, Sent


def sent(nonce: str, *removed: str, round_: int = 1, **versions: str) -> Sent:
    return Sent(nonce, round_, versions, frozenset(removed))


def held(**versions: str) -> Ledger:
    ledger = Ledger()
    ledger.open(versions)
    return ledger


def test_what_is_on_its_way_is_believed_and_what_leaves_is_not() -> None:
    ledger = held(a="1", b="1")
    ledger.send(sent("1", "b", a="2"))
    assert ledger.believes("a", "2")
    assert not ledger.believes("a", "1")
    assert not ledger.believes("b", "1")
    assert ledger.known() == {"a"}


def test_an_answer_counts_once() -> None:
    ledger = Ledger()
    ledger.send(sent("1", a="1"))
    answer = ledger.accept("1")
    assert answer is not None
    assert answer.versions == {"a": "1"}
    assert ledger.accept("1") is None
    assert ledger.refuse("1", find_culprits=True) is None
    assert ledger.accepted == {"a": Held("1", 1)}


def test_one_answer_speaks_for_older_responses_and_the_latest_of_them_counts() -> None:
    ledger = held(b="1")
    ledger.send(sent("1", "b", a="1", c="1"))
    ledger.send(sent("2", "c", a="2", b="2", round_=2))
    answer = ledger.accept("2")
    assert answer is not None
    assert answer.versions == {"a": "2", "b": "2"}
    assert answer.removed == {"c"}
    assert ledger.accepted == {"a": Held("2", 2), "b": Held("2", 2)}


def test_refused_alone_means_the_proxy_holds_what_it_had() -> None:
    ledger = held(a="1")
    ledger.send(sent("1", a="2"))
    ledger.refuse("1", find_culprits=True)
    assert ledger.refused == {"a": "2"}
    assert ledger.believes("a", "1")


def test_refused_together_means_nothing_is_known_and_each_is_told_alone() -> None:
    ledger = held(a="1")
    ledger.send(sent("1", a="2", b="1"))
    ledger.refuse("1", find_culprits=True)
    assert ledger.alone == {"a", "b"}
    assert not ledger.believes("a", "1")
    assert not ledger.believes("a", "2")
    assert ledger.known() == {"a", "b"}
    assert not ledger.refused


def test_a_culprit_clears_the_doubt_about_itself_only_if_it_is_the_version_in_doubt() -> None:
    ledger = held(a="1")
    ledger.send(sent("1", a="2", b="1"))
    ledger.refuse("1", find_culprits=True)
    ledger.send(sent("2", a="3"))
    ledger.refuse("2", find_culprits=True)
    assert not ledger.believes("a", "1")
    ledger.send(sent("3", b="1"))
    ledger.refuse("3", find_culprits=True)
    assert "b" not in ledger.known()


def test_doubts_about_several_versions_add_up() -> None:
    ledger = Ledger()
    ledger.send(sent("1", a="1", b="1"))
    ledger.send(sent("2", a="2", b="2"))
    ledger.refuse("1", find_culprits=True)
    ledger.refuse("2", find_culprits=True)
    ledger.send(sent("3", a="2"))
    ledger.refuse("3", find_culprits=True)
    assert "a" in ledger.known()


def test_an_acceptance_ends_doubt_and_refusal() -> None:
    ledger = Ledger()
    ledger.send(sent("1", a="1", b="1"))
    ledger.refuse("1", find_culprits=False)
    assert ledger.refused == {"a": "1", "b": "1"}
    ledger.send(sent("2", a="0"))
    ledger.accept("2")
    assert ledger.refused == {"b": "1"}
    assert ledger.believes("a", "0")


def test_a_name_to_be_told_again_is_not_confirmed_by_what_was_on_its_way() -> None:
    ledger = Ledger()
    ledger.send(sent("1", a="1", b="1"))
    ledger.tell_again(["a"])
    answer = ledger.accept("1")
    assert answer is not None
    assert not ledger.believes("a", "1")
    assert ledger.believes("b", "1")


def test_what_the_proxy_brought_along_was_not_told() -> None:
    ledger = held(a="1")
    ledger.send(sent("1", b="1"))
    ledger.send(sent("2", c="1"))
    ledger.accept("1")
    assert ledger.told() == {"b", "c"}


def test_what_is_wanted_no_more_is_forgotten_on_its_way_too() -> None:
    ledger = held(a="1")
    ledger.send(sent("1", b="1"))
    ledger.keep(lambda name: False)
    ledger.accept("1")
    assert not ledger.known()


def test_a_later_round_confirms_an_older_need_and_an_earlier_one_does_not() -> None:
    ledger = Ledger()
    ledger.send(sent("1", a="5", round_=5))
    ledger.accept("1")
    assert ledger.has("a", "5", since=9)
    assert ledger.has("a", "6", since=5)
    assert not ledger.has("a", "6", since=6)
    assert not ledger.has("b", "1", since=0)


def test_a_refused_version_confirms_a_need_only_where_an_older_one_is_held() -> None:
    ledger = held(a="1")
    ledger.send(sent("1", a="2"))
    ledger.refuse("1", find_culprits=True)
    ledger.send(sent("2", b="2"))
    ledger.refuse("2", find_culprits=True)
    assert ledger.has("a", "2", since=9)
    assert not ledger.has("b", "2", since=9)


def test_a_refused_removal_counts_as_told() -> None:
    ledger = held(a="1")
    ledger.send(sent("1", "a"))
    ledger.refuse("1", find_culprits=True)
    assert not ledger.known()
