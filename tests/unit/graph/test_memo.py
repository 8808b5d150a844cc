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


def name_of(row: tuple[str, int]) -> str:
    return row[0]


def test_of_many_rows_only_those_that_changed_are_worked_out() -> None:
    memo, calls = Memo(), list[int]()

    def square(_: str, number: int) -> int:
        calls.append(number)
        return number * number

    memo.each(square, name_of, [("a", 1), ("b", 2), ("c", 3)])
    memo.turn()
    calls.clear()

    assert memo.each(square, name_of, [("a", 1), ("b", 5), ("c", 3)]) == (1, 25, 9)
    assert calls == [5]


def test_rows_are_known_by_name_when_others_come_and_go() -> None:
    memo, calls = Memo(), list[int]()

    def listed(_: str, number: int) -> list[int]:
        calls.append(number)
        return [number]

    _, b, _ = memo.each(listed, name_of, [("a", 1), ("b", 2), ("c", 3)])
    memo.turn()
    calls.clear()

    shifted = memo.each(listed, name_of, [("b", 2), ("c", 4), ("d", 5)])

    assert shifted == ([2], [4], [5])
    assert shifted[0] is b
    assert calls == [4, 5]
    memo.turn()
    assert memo.each(listed, name_of, [("c", 4)])[0] is shifted[1]
    memo.turn()
    assert memo.each(listed, name_of, []) == ()


def test_results_that_come_out_equal_are_the_old_ones_and_so_is_their_tuple() -> None:
    memo = Memo()

    def size(_: str, number: int) -> list[int]:
        return [abs(number)]

    first = memo.each(size, name_of, [("a", 1), ("b", 2)])
    memo.turn()

    assert memo.each(size, name_of, [("a", -1), ("b", 2)]) is first
    memo.turn()
    moved = memo.each(size, name_of, [("b", -2), ("a", 1), ("c", 3)])
    assert moved[0] is first[1]
