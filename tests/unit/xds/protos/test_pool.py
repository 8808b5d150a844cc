"""The private pool knows every listed message, and nobody else knows it."""

import pytest
from google.protobuf import descriptor_pool, json_format

from tulle.xds import protos
from tulle.xds.protos.messages import FULL_NAMES
from tulle.xds.protos.pool import message_class, pool


@pytest.mark.parametrize("name", FULL_NAMES)
def test_every_listed_message_is_in_the_descriptors(name: str) -> None:
    assert message_class(name).DESCRIPTOR.full_name == FULL_NAMES[name]


def test_envoys_messages_stay_out_of_the_pool_others_use() -> None:
    protos.Cluster(name="c")

    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName(FULL_NAMES["Cluster"])


def test_what_an_any_holds_can_be_rendered() -> None:
    box = protos.Any()
    box.Pack(protos.Secret(name="s"))

    assert json_format.MessageToDict(box, descriptor_pool=pool())["name"] == "s"


def test_an_inner_message_is_found_by_its_outer_one() -> None:
    inner = FULL_NAMES["EdsClusterConfig"]

    outer = pool().FindMessageTypeByName(inner).containing_type
    assert outer is not None
    assert outer.name == "Cluster"


def test_a_name_nobody_listed_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="NoSuchMessage"):
        protos.NoSuchMessage  # type: ignore[attr-defined]  # noqa: B018
