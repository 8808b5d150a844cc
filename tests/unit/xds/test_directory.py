"""Names as resources: the same bytes for all, made once."""

from tulle.ads.messages import decode_response
from tulle.ads.wire import field, text_field
from tulle.model.directory import VirtualEntry, decode_entry
from tulle.model.names import ServiceRef
from tulle.xds.directory import DirectoryBuilder, name_resource
from tulle.xds.resources import unframed
from tulle.xds.snapshots import TypeUrl, XdsSnapshot

API = VirtualEntry(namespace="shop", name="api", addresses=("240.0.0.1",))
DB = VirtualEntry(namespace="shop", name="db", addresses=("240.0.0.2",))
NAMES = {ServiceRef("shop", "api"): API, ServiceRef("shop", "db"): DB}


def test_the_frame_holds_the_entry_under_the_services_name() -> None:
    made = name_resource(API)
    inside = unframed(made)
    assert (made.name, inside.resource.type_url) == ("shop/api", TypeUrl.NAME)
    assert decode_entry(inside.resource.value) == API


def test_an_agents_reader_takes_it() -> None:
    wire = name_resource(API).framed + text_field(4, TypeUrl.NAME) + field(5, b"1")
    assert [one.name for one in decode_response(wire).resources] == ["shop/api"]


def test_equal_names_give_the_same_mapping_and_a_change_touches_its_own_resource_only() -> None:
    builder = DirectoryBuilder()
    first = builder.build(NAMES)
    assert builder.build(NAMES) is first
    moved = VirtualEntry(namespace="shop", name="db", addresses=("240.0.0.3",))
    second = builder.build({**NAMES, ServiceRef("shop", "db"): moved})
    assert second["shop/api"] is first["shop/api"]
    assert second["shop/db"].version != first["shop/db"].version


def test_a_snapshot_takes_the_mapping_as_it_is() -> None:
    names = DirectoryBuilder().build(NAMES)
    made = XdsSnapshot().with_names(names)
    assert made.of(TypeUrl.NAME) is names
    assert made.sharing(XdsSnapshot().with_names(names)).of(TypeUrl.NAME) is names
