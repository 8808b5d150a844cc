"""Rules a schema cannot say, one file per kind; each yields every problem it finds."""

from collections.abc import Iterator

from tulle.model.problems import Problem
from tulle.model.resources import Resource


def check(resource: Resource) -> Iterator[Problem]:
    """Everything wrong with a resource of the right shape."""
    yield from ()
