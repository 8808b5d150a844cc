"""Processes as the workloads they become."""

from tulle.cli.processes import replicas_of, with_door
from tulle.model.kinds.process import Process, ProcessSpec
from tulle.model.kinds.service import Service, ServicePort, ServiceSpec
from tulle.model.kinds.workload import Upstream
from tulle.model.resources import Metadata, Resource


def process(
    name: str, *calls: str, command: tuple[str, ...] = ("run",), replicas: int = 1
) -> Process:
    return Process(
        metadata=Metadata(name=name, namespace="shop"),
        spec=ProcessSpec(
            command=command,
            labels={"app": name},
            upstreams=tuple(Upstream(service=service, port=80) for service in calls),
            replicas=replicas,
        ),
    )


def service(name: str, protocol: str = "http") -> Service:
    return Service(
        metadata=Metadata(name=name, namespace="shop"),
        spec=ServiceSpec(
            selector={"app": name}, ports=(ServicePort(port=80, app_protocol=protocol),)
        ),
    )


def doors(resources: tuple[Resource, ...]) -> list[Process]:
    return [r for r in resources if isinstance(r, Process) and not r.spec.command]


def test_one_replica_is_called_like_its_process_and_several_are_numbered() -> None:
    assert [str(r.ref) for r in replicas_of(process("web"))] == ["shop/web"]
    assert [str(r.ref) for r in replicas_of(process("web", replicas=2))] == [
        "shop/web-0",
        "shop/web-1",
    ]
    assert replicas_of(process("web", replicas=0)) == ()


def test_a_door_leads_to_the_http_service_nobody_calls() -> None:
    resources = [
        *(service("cart"), process("cart")),
        *(service("db", "tcp"), process("db")),
        *(service("web"), process("web", "cart", "db")),
    ]

    (door,) = doors(with_door(resources))

    assert door.metadata == Metadata(name="entry", namespace="shop")
    assert door.spec.upstreams == (Upstream(service="web", port=80),)


def test_where_everything_is_called_the_first_http_service_will_do() -> None:
    resources = [service("db", "tcp"), process("db"), service("web"), process("web", "web")]

    (door,) = doors(with_door(resources))

    assert door.spec.upstreams[0].service == "web"


def test_a_mesh_that_has_a_door_gets_no_other() -> None:
    resources = [service("web"), process("web"), process("mine", "web", command=())]

    assert with_door(resources) == tuple(resources)


def test_a_mesh_without_programs_or_without_http_gets_none() -> None:
    assert doors(with_door([service("web")])) == []
    assert doors(with_door([service("db", "tcp"), process("db")])) == []


def test_a_door_never_takes_a_name_that_is_in_use() -> None:
    resources = [service("entry"), process("entry")]

    (door,) = doors(with_door(resources))

    assert door.metadata.name == "door"
