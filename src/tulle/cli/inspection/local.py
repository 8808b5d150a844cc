"""The mesh some manifests describe, as if it ran: for commands that need no server. Pure.

Nothing has reported yet, so what proxies would report stands here as placeholders: every Process becomes
its Workloads, every Workload is ready, its proxy listens on ports counted up from 15009 (each once per
address; real proxies take whatever is free), and the mesh has a root.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

import msgspec

from tulle.cli.processes import processes_in, replicas_of, with_door
from tulle.model.kinds.mesh import DEFAULT_NAME, Mesh, MeshStatus
from tulle.model.kinds.process import Process
from tulle.model.kinds.workload import (
    BoundPort,
    BoundUpstream,
    ProxyStatus,
    Workload,
    WorkloadSpec,
    WorkloadStatus,
)
from tulle.model.names import ResourceKey
from tulle.model.resources import Condition, Metadata, Resource, key_of
from tulle.model.worlds import World

LOOPBACK = "127.0.0.1"
FIRST_PORT = 15009
ROOT = (
    "-----BEGIN CERTIFICATE-----\n(placeholder: the root of the mesh)\n-----END CERTIFICATE-----\n"
)


def world_of(resources: Sequence[Resource]) -> World:
    """Everything in the manifests, with its workloads running."""
    everything = with_door(resources)
    found = {resource.key: resource for resource in everything}
    for process in processes_in(everything):
        for workload in workloads_of(process):
            found.setdefault(workload.key, workload)
    mesh = _mesh_of(found)
    found[mesh.key] = mesh
    workloads = [resource for resource in found.values() if isinstance(resource, Workload)]
    for workload in running(workloads):
        found[workload.key] = workload
    return World(found.values())


def _mesh_of(found: Mapping[ResourceKey, Resource]) -> Mesh:
    """The settings of the mesh, with a root: without one no proxy would accept anybody."""
    mesh = found.get(key_of(Mesh, "", DEFAULT_NAME))
    if not isinstance(mesh, Mesh):
        mesh = Mesh(metadata=Metadata(name=DEFAULT_NAME))
    if mesh.status.trust_bundle:
        return mesh
    return msgspec.structs.replace(mesh, status=MeshStatus(trust_bundle=(ROOT,)))


def workloads_of(process: Process) -> Iterator[Workload]:
    """What a Process becomes."""
    spec = process.spec
    for replica in replicas_of(process):
        yield Workload(
            metadata=Metadata(
                name=replica.ref.name, namespace=replica.ref.namespace, labels=spec.labels
            ),
            spec=WorkloadSpec(
                address=LOOPBACK,
                service_account_name=spec.service_account_name,
                ports=spec.ports,
                upstreams=spec.upstreams,
                http_proxy=spec.http_proxy,
                locality=spec.locality,
            ),
        )


def running(workloads: Iterable[Workload]) -> Iterator[Workload]:
    """Workloads with what their proxies would report; one that has a status keeps it."""
    ports: dict[str, Iterator[int]] = {}
    for workload in sorted(workloads, key=lambda w: w.key):
        if workload.status.proxy is None:
            free = ports.setdefault(workload.spec.address, count(FIRST_PORT))
            yield msgspec.structs.replace(workload, status=_status(workload, free))


def _status(workload: Workload, free: Iterator[int]) -> WorkloadStatus:
    spec = workload.spec
    return WorkloadStatus(
        proxy=ProxyStatus(
            mtls_port=next(free),
            plaintext_ports=tuple(
                BoundPort(port=port.port, proxy_port=next(free)) for port in spec.ports
            ),
            upstreams=tuple(
                BoundUpstream(
                    service=upstream.service,
                    namespace=upstream.namespace or workload.metadata.namespace,
                    port=upstream.port,
                    local_port=upstream.local_port or next(free),
                )
                for upstream in spec.upstreams
            ),
            http_proxy_port=(
                spec.http_proxy.port or next(free) if spec.http_proxy is not None else None
            ),
        ),
        conditions=(Condition(type="Ready", status="True", reason="Placeholder"),),
    )
