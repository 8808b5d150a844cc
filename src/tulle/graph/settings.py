"""The Mesh resource, read: the first phase of compiling."""

from dataclasses import dataclass

from tulle.graph.mesh import MeshSettings, ResourceStatus
from tulle.graph.notes import accepted
from tulle.model.durations import seconds
from tulle.model.kinds.mesh import DEFAULT_NAME, Mesh, VirtualAddresses


@dataclass(frozen=True, slots=True)
class Settings:
    """What the rest of the compiler needs of the Mesh."""

    mesh: MeshSettings
    ranges: VirtualAddresses
    statuses: tuple[ResourceStatus, ...]


def read_settings(meshes: tuple[Mesh, ...]) -> Settings:
    """The settings of the Mesh named `default`, the only one there may be, or ours without it."""
    for mesh in meshes:
        if mesh.metadata.name == DEFAULT_NAME:
            status = ResourceStatus(mesh.key, (accepted(mesh),))
            return Settings(_settings_of(mesh), mesh.spec.virtual_addresses, (status,))
    return Settings(MeshSettings(), VirtualAddresses(), ())


def _settings_of(mesh: Mesh) -> MeshSettings:
    spec = mesh.spec
    return MeshSettings(
        trust_domain=spec.trust_domain,
        trust_bundle=mesh.status.trust_bundle,
        certificate_lifetime_s=seconds(spec.certificates.lifetime),
        connect_timeout_s=seconds(spec.connections.connect_timeout),
        upstream_idle_timeout_s=seconds(spec.connections.upstream_idle_timeout),
        connection_max_age_s=seconds(spec.connections.max_age),
        drain_s=seconds(spec.connections.drain),
        knows_used_only=spec.scope == "Used",
        passes_strangers=spec.outbound_traffic == "AllowAny",
    )
