"""Patches of every kind, whatever a resource holds: what changes nothing changes nothing, and owners own what is there."""

from typing import Any

from hypothesis import given

from tulle.codec.checks import check
from tulle.codec.patches import json_patch, merge_patch, strategic
from tulle.codec.patches.apply import Applied, Live, Wish, apply
from tulle.codec.patches.fields import difference, fields_of, from_tree, to_tree
from tulle.codec.patches.managers import Writer, updated
from tulle.codec.patches.settling import Settled, settle, settled
from tulle.codec.patches.shapes import shape_of_kind
from tulle.codec.tolerances import clean
from tulle.model.problems import has_errors
from tulle.model.resources import Resource
from tulle.testing.worlds import resources

NOW, LATER = "2027-01-15T08:00:00Z", "2027-01-15T09:00:00Z"
ANN, BOB = Writer("ann", "Apply", "v1"), Writer("bob", "Apply", "v1")


def is_valid(resource: Resource) -> bool:
    return not has_errors(check(resource))


valid = resources().filter(is_valid)


def config_of(found: Settled) -> dict[str, Any]:
    """What somebody would apply to get it: without what only the store writes."""
    metadata = found.value["metadata"]
    kept = {key: item for key, item in metadata.items() if key != "managedFields"}
    cleaned = clean(type(found.resource), {**found.value, "metadata": kept}).value
    assert isinstance(cleaned, dict)
    return cleaned


@given(valid)
def test_what_is_settled_settles_again_as_it_is(resource: Resource) -> None:
    once = settled(resource)

    again = settle(once.value)
    assert again.resource == once.resource
    assert again.value == once.value


@given(valid)
def test_patches_without_a_word_change_nothing(resource: Resource) -> None:
    value = settled(resource).value

    assert json_patch.apply(value, []) == value
    assert merge_patch.apply(value, {}) == value
    assert strategic.apply(type(resource), value, {}) == value


@given(valid)
def test_a_resource_merged_with_itself_is_itself(resource: Resource) -> None:
    value = settled(resource).value

    assert settle(strategic.apply(type(resource), value, value)).value == value  # type: ignore[arg-type]
    assert merge_patch.apply(value, value) == value


@given(valid)
def test_fields_of_every_kind_have_a_written_form(resource: Resource) -> None:
    value, shape = settled(resource).value, shape_of_kind(type(resource))
    fields = fields_of(value, shape)

    assert from_tree(to_tree(fields)) == fields
    assert difference(value, value, shape) == difference({}, {}, shape)


@given(valid)
def test_whatever_is_there_can_be_applied_and_applied_again(resource: Resource) -> None:
    found = settled(resource)
    wish = config_of(found)
    first = apply(type(resource), Live(None, {}), Wish(wish, ANN, NOW))
    assert isinstance(first, Applied)
    live = Live(first.result.value, first.managers)

    again = apply(type(resource), live, Wish(wish, ANN, LATER))
    assert isinstance(again, Applied)
    assert (again.result.value, again.managers) == (live.value, live.managers)
    shared = apply(type(resource), live, Wish(wish, BOB, LATER))
    assert isinstance(shared, Applied)
    assert shared.result.value == live.value


@given(valid)
def test_who_creates_owns_what_is_there_and_who_applies_nothing_more_leaves_nothing(
    resource: Resource,
) -> None:
    kind, found = type(resource), settled(resource)
    shape = shape_of_kind(kind)
    writer = Writer("ann", "Update", "v1")
    managers = updated({}, {}, found.value, shape, writer, NOW)

    assert updated(managers, found.value, found.value, shape, writer, LATER) == managers
    assert updated(managers, found.value, {}, shape, writer, LATER) == {}
