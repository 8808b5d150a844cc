"""Finding what is there twice: names, ports, headers, targets."""

from collections.abc import Hashable, Iterable, Iterator


def repeats(keys: Iterable[Hashable]) -> Iterator[tuple[int, int]]:
    """Index of every key that came before, and the index where it came first; None and "" never repeat."""
    first: dict[Hashable, int] = {}
    for index, key in enumerate(keys):
        if key not in {None, ""} and first.setdefault(key, index) != index:
            yield index, first[key]
