"""The order of a merged list: that of who writes, with what only others have between, about where it was."""

from collections import deque
from collections.abc import Hashable, Iterable, Sequence


def interleave(
    others: Iterable[Hashable], written: Sequence[Hashable], before: Sequence[Hashable]
) -> list[Hashable]:
    """Both sequences in their own order; each of `others` stands before the first written one behind it `before`."""
    place = {key: index for index, key in enumerate(before)}
    result: list[Hashable] = []
    rest = deque(written)
    for other in others:
        limit = place.get(other, len(place))
        while rest and place.get(rest[0], len(place)) < limit:
            result.append(rest.popleft())
        result.append(other)
    return [*result, *rest]
