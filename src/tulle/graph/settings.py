"""The Mesh resource, read: the first phase of compiling."""

from dataclasses import dataclass

from tulle.graph.mesh import MeshSettings, ResourceStatus
from tulle.graph.notes import accepted, refused, warning
from tulle.model.durations import seconds
from tulle.model.kinds.mesh import DEFAULT_NAME, Mesh, VirtualAddresses
from tulle.model.problems import Problem
from tulle.model.statuses import Reason


@dataclass(frozen=True, slots=True)
class Settings:
    """What the rest of the compiler needs of the Mesh."""

    mesh: MeshSettings
    ranges: VirtualAddresses
    statuses: tuple[ResourceStatus, ...]
    problems: tuple[Problem, ...]


def read_settings(meshes: tuple[Mesh, ...]) -> Settings:
    """The settings of the Mesh named `default`, or ours if there is none; others are said to be ignored."""
    default = next((mesh for mesh in meshes if mesh.metadata.name == DEFAULT_NAME), None)
    return Settings(
        mesh=_settings_of(default) if default else MeshSettings(),
        ranges=default.spec.virtual_addresses if default else VirtualAddresses(),
        statuses=tuple(_status_of(mesh) for mesh in meshes),
        problems=tuple(_ignored(mesh) for mesh in meshes if mesh is not default),
    )


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
    )


def _status_of(mesh: Mesh) -> ResourceStatus:
    if mesh.metadata.name == DEFAULT_NAME:
        return ResourceStatus(mesh.key, (accepted(mesh),))
    return ResourceStatus(
        mesh.key, (refused(mesh, Reason.CONFLICTED, f"only the Mesh {DEFAULT_NAME!r} counts"),)
    )


def _ignored(mesh: Mesh) -> Problem:
    return warning(
        mesh,
        "metadata.name",
        "mesh-ignored",
        f"only the Mesh named {DEFAULT_NAME!r} counts, {mesh.metadata.name!r} changes nothing",
        hint=f"rename it to {DEFAULT_NAME!r} or delete it",
    )
