"""The memo builds once per input and forgets in the end."""

from tulle.xds.parts import Memo


def test_equal_inputs_are_built_once() -> None:
    memo: Memo[list[int]] = Memo()

    first = memo.get("key", (1, "a"), lambda: [1])

    assert memo.get("key", (1, "a"), lambda: [2]) is first


def test_other_inputs_are_built_anew() -> None:
    memo: Memo[int] = Memo()
    memo.get("key", (1,), lambda: 1)

    assert memo.get("key", (2,), lambda: 2) == 2
    assert memo.get("other", (2,), lambda: 3) == 3


def test_what_was_not_asked_for_longest_is_forgotten_first() -> None:
    memo: Memo[str] = Memo(largest=2)
    for key in ("a", "b", "a", "c"):
        memo.get(key, (), lambda: "old")

    assert memo.get("a", (), lambda: "new") == "old"
    assert memo.get("b", (), lambda: "new") == "new"
