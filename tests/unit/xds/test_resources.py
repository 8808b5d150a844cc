"""Frames and versions."""

from tulle.graph.mesh import Origin
from tulle.model.names import ResourceKey
from tulle.xds.protos import Secret
from tulle.xds.resources import each, resource_of, unframed
from tulle.xds.snapshots import TypeUrl, snapshot_of

ORIGIN = Origin(ResourceKey("Service", "shop", "reviews"))


def test_the_frame_holds_name_version_and_message() -> None:
    resource = resource_of("s", Secret(name="s"), ORIGIN)

    inside = unframed(resource)
    held = Secret()
    assert inside.resource.Unpack(held)
    assert (inside.name, inside.version, held.name) == ("s", resource.version, "s")
    assert resource.origins == (ORIGIN,)


def test_the_version_follows_the_content_and_nothing_else() -> None:
    one = resource_of("s", Secret(name="s"), ORIGIN)

    assert resource_of("s", Secret(name="s")).version == one.version
    assert resource_of("s", Secret(name="t")).version != one.version


def test_each_gives_all_in_the_order_of_sending() -> None:
    secret, cluster = resource_of("s", Secret()), resource_of("c", Secret())
    snapshot = snapshot_of([(TypeUrl.CLUSTER, cluster), (TypeUrl.SECRET, secret)])

    assert list(each(snapshot)) == [(TypeUrl.SECRET, secret), (TypeUrl.CLUSTER, cluster)]
