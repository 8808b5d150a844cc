"""Snapshots are equal when their resources are, and know what they lack."""

from tulle.xds.snapshots import EMPTY, Reference, TypeUrl, XdsResource, XdsSnapshot, snapshot_of


def resource(name: str) -> XdsResource:
    return XdsResource(name, "1", b"")


def test_names_are_sorted_whatever_order_they_came_in() -> None:
    snapshot = snapshot_of([(TypeUrl.CLUSTER, resource(name)) for name in "bca"])

    assert list(snapshot.of(TypeUrl.CLUSTER)) == ["a", "b", "c"]


def test_equal_sets_give_equal_snapshots() -> None:
    items = [(TypeUrl.CLUSTER, resource("a")), (TypeUrl.ENDPOINTS, resource("a"))]

    assert snapshot_of(items) == snapshot_of(reversed(items))


def test_a_type_without_resources_is_empty() -> None:
    assert XdsSnapshot().of(TypeUrl.ROUTE) == EMPTY


def test_a_reference_nothing_answers_is_a_problem() -> None:
    wanted = Reference("Listener l", TypeUrl.ROUTE, "r")

    snapshot = snapshot_of([(TypeUrl.ROUTE, resource("other"))], [wanted])

    (problem,) = snapshot.dangling()
    assert problem.code == "xds-dangling-reference"
    assert "report it" in problem.hint
    assert "'r'" in problem.message


def test_a_reference_that_resolves_is_none() -> None:
    wanted = Reference("Listener l", TypeUrl.ROUTE, "r")

    assert not list(snapshot_of([(TypeUrl.ROUTE, resource("r"))], [wanted]).dangling())


def test_what_is_as_it_was_before_is_the_same_object() -> None:
    wanted = [Reference("a", TypeUrl.ENDPOINTS, "a")]
    before = snapshot_of(
        [(TypeUrl.CLUSTER, resource("a")), (TypeUrl.ENDPOINTS, resource("a"))], wanted
    )
    after = snapshot_of(
        [
            (TypeUrl.CLUSTER, resource("a")),
            (TypeUrl.ENDPOINTS, XdsResource("a", "2", b"")),
            (TypeUrl.ROUTE, resource("new")),
        ],
        wanted,
    )

    shared = after.sharing(before)

    assert shared == after
    assert shared.of(TypeUrl.CLUSTER) is before.of(TypeUrl.CLUSTER)
    assert shared.references is before.references


def test_a_snapshot_is_the_one_before_only_if_all_of_it_is() -> None:
    before = snapshot_of([(TypeUrl.CLUSTER, resource("a")), (TypeUrl.ROUTE, resource("r"))])
    again = snapshot_of([(TypeUrl.CLUSTER, resource("a")), (TypeUrl.ROUTE, resource("r"))])
    less = snapshot_of([(TypeUrl.CLUSTER, resource("a"))])
    other = snapshot_of(
        [(TypeUrl.CLUSTER, resource("a")), (TypeUrl.ROUTE, resource("r"))],
        [Reference("r", TypeUrl.CLUSTER, "a")],
    )

    assert again.sharing(before) is before
    assert less.sharing(before) == less
    assert other.sharing(before) == other
    assert again.sharing(None) is again
    assert XdsSnapshot().sharing(before) == XdsSnapshot()
