"""The memory of the compiler: what it reuses, keeps and forgets."""

from collections.abc import Callable

from tulle.graph.memo import Memo


def _counting(calls: list[int]) -> Callable[[int], list[int]]:
    def double(value: int) -> list[int]:
        calls.append(value)
        return [2 * value]

    return double


def test_a_result_is_worked_out_once_while_its_inputs_stay() -> None:
    memo, calls = Memo(), list[int]()
    double = _counting(calls)
    first = memo.one("a", double, 3)
    memo.turn()

    again = memo.one("a", double, 3)

    assert again is first
    assert calls == [3]


def test_other_inputs_under_one_key_work_it_out_anew() -> None:
    memo, calls = Memo(), list[int]()
    double = _counting(calls)
    memo.one("a", double, 3)
    memo.turn()

    assert memo.one("a", double, 4) == [8]
    assert calls == [3, 4]


def test_an_equal_new_result_stays_the_old_object() -> None:
    memo = Memo()
    first = memo.one("a", abs, -300)
    memo.turn()

    assert memo.one("a", abs, 300) is first
    memo.turn()
    kept = memo.keep("list", [1, 2])
    memo.turn()
    assert memo.keep("list", [1, 2]) is kept
    memo.turn()
    assert memo.keep("list", [1]) == [1]


def test_what_a_round_does_not_ask_for_is_forgotten() -> None:
    memo, calls = Memo(), list[int]()
    double = _counting(calls)
    memo.one("a", double, 3)
    memo.turn()
    memo.turn()

    memo.one("a", double, 3)

    assert calls == [3, 3]


def test_a_skipped_phase_keeps_what_it_remembers() -> None:
    memo, calls = Memo(), list[int]()
    double = _counting(calls)

    def phase(inner: Memo, values: tuple[int, ...]) -> list[list[int]]:
        return [inner.one(value, double, value) for value in values]

    memo.phase(phase, (1, 2))
    memo.turn()
    memo.phase(phase, (1, 2))
    memo.turn()

    assert memo.phase(phase, (1, 2, 3)) == [[2], [4], [6]]
    assert calls == [1, 2, 3]
