"""The envelope of every resource."""

import msgspec
import pytest

from tulle.model.kinds.mesh import Mesh, MeshSpec, MeshStatus
from tulle.model.kinds.service import Service, ServicePort, ServiceSpec
from tulle.model.names import ResourceKey
from tulle.model.resources import Metadata, key_of, spec_of

SERVICE = Service(metadata=Metadata(name="web", namespace="shop"))


def test_a_key_is_kind_namespace_and_name() -> None:
    assert SERVICE.key == ResourceKey("Service", "shop", "web") == key_of(Service, "shop", "web")


def test_the_key_of_a_mesh_wide_kind_has_no_namespace_whatever_is_asked() -> None:
    assert Mesh(metadata=Metadata(name="default", namespace="shop")).key.namespace == ""
    assert key_of(Mesh, "shop", "default") == ResourceKey("Mesh", "", "default")


def test_the_spec_is_all_but_metadata_and_status() -> None:
    renamed = Mesh(metadata=Metadata(name="other"), status=MeshStatus(trust_bundle=("a",)))
    changed = Mesh(metadata=Metadata(name="default"), spec=MeshSpec(trust_domain="other"))

    assert spec_of(Mesh(metadata=Metadata(name="default"))) == spec_of(renamed)
    assert spec_of(changed) != spec_of(renamed)


def test_resources_are_frozen_and_compare_by_value() -> None:
    port = ServicePort(port=80)
    with pytest.raises(AttributeError):
        port.port = 81  # type: ignore[misc]

    assert ServiceSpec(ports=(port,)) == ServiceSpec(ports=(ServicePort(port=80),))


@pytest.mark.parametrize(
    "metadata",
    [
        {"name": "A"},
        {"name": ""},
        {"name": "a" * 254},
        {"name": "a", "labels": {"a": "-"}},
        {"name": "a", "labels": {"a": "b" * 64}},
        {"name": "a", "extra": 1},
        {},
    ],
)
def test_metadata_of_the_wrong_form_do_not_convert(metadata: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(metadata, Metadata)
