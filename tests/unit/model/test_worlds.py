"""A World: immutable, indexed, the same whatever order its resources came in."""

import random

import pytest

from tulle.model.kinds.core import Namespace, ServiceAccount
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.service import Service, ServiceSpec
from tulle.model.names import ResourceKey
from tulle.model.resources import Metadata, Resource
from tulle.model.worlds import World


def service(namespace: str, name: str, kind: str = "ClusterIP") -> Service:
    return Service(
        metadata=Metadata(name=name, namespace=namespace),
        spec=ServiceSpec(type=kind),  # type: ignore[arg-type]
    )


def account(namespace: str, name: str) -> ServiceAccount:
    return ServiceAccount(metadata=Metadata(name=name, namespace=namespace))


def test_a_resource_is_found_by_its_kind_and_name_alone() -> None:
    web, same_name = service("shop", "web"), account("shop", "web")
    world = World([web, same_name])

    assert world.get(Service, "shop", "web") is web
    assert world.get(ServiceAccount, "shop", "web") is same_name
    assert world.find(web.key) is web
    assert world.get(Service, "other", "web") is None
    assert world.find(ResourceKey("Nothing", "shop", "web")) is None


def test_a_mesh_wide_resource_is_found_whatever_namespace_is_asked() -> None:
    mesh = Mesh(metadata=Metadata(name="default"))

    assert World([mesh]).get(Mesh, "shop", "default") is mesh


def test_resources_are_ordered_whatever_order_they_arrived_in() -> None:
    resources: list[Resource] = [
        *(service(namespace, name) for namespace in "ab" for name in "xyz"),
        account("b", "a"),
        Namespace(metadata=Metadata(name="a")),
    ]
    shuffled = random.Random(7).sample(resources, len(resources))

    keys = [one.key for one in World(shuffled)]

    assert keys == sorted(keys) == [one.key for one in World(resources)]
    assert [str(one.key) for one in World(shuffled).all(Service)][:2] == [
        "Service a/x",
        "Service a/y",
    ]


def test_of_two_with_one_key_the_later_counts() -> None:
    world = World([service("a", "x"), service("a", "x", "NodePort")])

    assert [one.spec.type for one in world.all(Service)] == ["NodePort"]


def test_a_changed_copy_leaves_the_first_world_alone() -> None:
    before = World([service("a", "x"), service("a", "y"), account("a", "x")], revision=1)
    assert len(before.all(Service)) == 2

    after = before.changed(put=[service("a", "z")], remove=[service("a", "x").key], revision=2)

    assert [one.metadata.name for one in after.all(Service)] == ["y", "z"]
    assert [one.metadata.name for one in before.all(Service)] == ["x", "y"]
    assert (before.revision, after.revision) == (1, 2)


def test_what_is_put_in_the_place_of_another_stands_where_that_stood() -> None:
    names = random.Random(7).sample([f"{n}" for n in range(50)], 50)
    before = World([service("a", name) for name in names])
    order = [one.key for one in before.all(Service)]
    changes = [service("a", "7", "NodePort"), service("a", "0", "NodePort")]

    after = before.changed(put=changes)

    assert [one.key for one in after.all(Service)] == order
    assert after.all(Service) == World(after).all(Service)
    assert {one.metadata.name for one in after.all(Service) if one.spec.type == "NodePort"} == {
        "0",
        "7",
    }
    assert all(one.spec.type == "ClusterIP" for one in before.all(Service))


def test_what_a_change_does_not_touch_is_shared() -> None:
    before = World([service("a", "x"), account("a", "x")])
    accounts = before.all(ServiceAccount)

    after = before.changed(put=[service("a", "y")])

    assert after.all(ServiceAccount) is accounts
    assert after.revision == before.revision


def test_a_key_removed_and_put_in_one_change_is_there() -> None:
    web = service("a", "x")

    assert World([web]).changed(put=[web], remove=[web.key]).find(web.key) is web


def test_removing_what_is_not_there_is_no_error() -> None:
    assert list(World().changed(remove=[ResourceKey("Service", "a", "x")])) == []


def test_the_index_cannot_be_changed_from_outside() -> None:
    world = World([service("a", "x")])

    with pytest.raises(TypeError):
        world._by_kind["Service"][service("a", "y").key] = service("a", "y")  # type: ignore[index]
