"""What a store remembers of its log in memory: the newest revisions, and how much the kept ones weigh. No I/O."""

from collections import deque
from collections.abc import Iterable

from tulle.store.contract import Batch

MOST_BATCHES = 256
MOST_RESOURCES = 4096
"""Transactions kept in memory, and how many changes they may have together: the rest is read from the file."""


class Tail:
    """The newest revisions, for watches that keep up. One event loop uses it."""

    def __init__(self, revision: int, most: int = MOST_BATCHES) -> None:
        self._batches: deque[Batch] = deque()
        self._before = revision  # the revision before the first one kept
        self._newest = revision
        self._most = min(most, MOST_BATCHES)
        self._resources = 0

    def add(self, batch: Batch) -> None:
        """A transaction was made: the next one, as revisions have no gaps."""
        self._batches.append(batch)
        self._newest = batch.revision
        self._resources += len(batch)
        while len(self._batches) > self._most or self._resources > MOST_RESOURCES:
            oldest = self._batches.popleft()
            self._before = oldest.revision
            self._resources -= len(oldest)

    def after(self, revision: int) -> tuple[Batch, ...] | None:
        """Every revision after one; None if that cannot be told from here."""
        if not self._before <= revision <= self._newest:
            return None
        return tuple(batch.after(revision) for batch in self._batches if batch.revision > revision)


class LogSizes:
    """How many bytes of documents each kept transaction holds, by its last revision; says from where on they may be kept.

    They are kept whole: the newest however large it is, and of the others those that end within the latest `keep`
    revisions, while all together have at most `keep_bytes`.
    """

    def __init__(self, sizes: Iterable[tuple[int, int]], keep: int, keep_bytes: int) -> None:
        self._sizes = deque(sizes)
        self._total = sum(size for _, size in self._sizes)
        self.keep = keep
        self._keep_bytes = keep_bytes
        self._compacted = 0

    def compacted_with(self, revision: int, size: int) -> int:
        """The newest revision that is gone once this one has come; 0 for none. Changes nothing."""
        compacted, total = self._compacted, self._total + size
        for old, old_size in self._sizes:
            if old > revision - self.keep and total <= self._keep_bytes:
                break
            compacted, total = old, total - old_size
        return compacted

    def add(self, revision: int, size: int, compacted: int) -> None:
        """It has come, and those up to `compacted` are gone."""
        self._compacted = compacted
        while self._sizes and self._sizes[0][0] <= compacted:
            self._total -= self._sizes.popleft()[1]
        self._sizes.append((revision, size))
        self._total += size
