"""Every error of the store is fit for people and for programs."""

import inspect

import pytest

from tulle.model.names import ResourceKey
from tulle.store import errors
from tulle.store.errors import ConflictError, StoreError

ALL = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, StoreError) and kind is not StoreError
]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_of_its_own_and_a_place_in_the_tree(
    kind: type[StoreError],
) -> None:
    assert [other for other in ALL if other.code == kind.code] == [kind]
    assert kind.__name__ in (errors.__doc__ or "")


def test_an_error_reads_as_what_why_and_the_way_out() -> None:
    key = ResourceKey("Service", "shop", "web")

    error = ConflictError("it was changed", "read it again", key)

    assert str(error) == "Service shop/web: it was changed [conflict]; read it again"
    assert error.problem.hint == "read it again"
