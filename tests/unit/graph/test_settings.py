"""The Mesh, read."""

from tulle.graph.mesh import MeshSettings
from tulle.graph.settings import read_settings
from tulle.model.kinds.mesh import Certificates, Connections, Mesh, MeshSpec, MeshStatus
from tulle.testing.builders import metadata


def test_durations_are_read_as_seconds_and_roots_come_from_the_status() -> None:
    mesh = Mesh(
        metadata=metadata("default", ""),
        spec=MeshSpec(
            trust_domain="shop.example",
            certificates=Certificates(lifetime="1h30m"),
            connections=Connections(connect_timeout="250ms", max_age="1m", drain="90s"),
            scope="Used",
            outbound_traffic="RegistryOnly",
        ),
        status=MeshStatus(trust_bundle=("PEM",)),
    )

    read = read_settings((mesh,))

    assert read.mesh == MeshSettings(
        trust_domain="shop.example",
        trust_bundle=("PEM",),
        certificate_lifetime_s=5400.0,
        connect_timeout_s=0.25,
        connection_max_age_s=60.0,
        drain_s=90.0,
        knows_used_only=True,
        passes_strangers=False,
    )
    assert [status.key for status in read.statuses] == [mesh.key]


def test_without_a_mesh_the_defaults_hold() -> None:
    assert read_settings(()).mesh == MeshSettings()
