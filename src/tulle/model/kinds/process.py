"""Process: a local program `tulle up` runs in the mesh. tulle.dev/v1."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import msgspec

from tulle.model.durations import Duration
from tulle.model.kinds.workload import HttpProxy, Locality, Upstream, WorkloadPort
from tulle.model.lists import keyed
from tulle.model.resources import Label, Resource, Value


class EnvironmentVariable(Value, frozen=True, kw_only=True):
    """One variable of the program's environment; `$(NAME)` in it is replaced by another's value."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    value: str = ""


class HttpProbe(Value, frozen=True, kw_only=True):
    """Healthy when GET answers 200 to 399."""

    path: str = "/"
    port: int | str = ""


class TcpProbe(Value, frozen=True, kw_only=True):
    """Healthy when the port accepts a connection."""

    port: int | str = ""


class ExecProbe(Value, frozen=True, kw_only=True):
    """Healthy when the command exits with 0."""

    command: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


class Health(Value, frozen=True, kw_only=True):
    """How the agent knows the program can take traffic: exactly one of `http`, `tcp`, `exec`."""

    http: HttpProbe | None = None
    tcp: TcpProbe | None = None
    exec: ExecProbe | None = None
    interval: Duration = "1s"
    timeout: Duration = "1s"


class ProcessSpec(Value, frozen=True, kw_only=True):
    """A program and its place in the mesh. Without a command it is a proxy alone: a door into the mesh.

    `$(NAME)` in `command` and `env` stands for a variable the program gets, `$(PORT)` for its first port.
    """

    command: tuple[str, ...] = ()
    env: Annotated[tuple[EnvironmentVariable, ...], keyed("name")] = ()
    working_dir: str = ""
    ports: Annotated[tuple[WorkloadPort, ...], keyed("port")] = ()
    service_account_name: str = "default"
    labels: Mapping[str, Label] = {}
    health: Health | None = None
    upstreams: tuple[Upstream, ...] = ()
    http_proxy: HttpProxy | None = None
    capture: Annotated[
        Literal["none", "cgroup"],
        msgspec.Meta(
            description="cgroup: all of its TCP connections go through its proxy, and it finds services by name; "
            "Linux, `tulle up` as root."
        ),
    ] = "none"
    locality: Locality = Locality()
    replicas: Annotated[int, msgspec.Meta(ge=0, le=100)] = 1


class Process(Resource, frozen=True, kw_only=True):
    """A program of the user's, run by `tulle up` beside its own proxy."""

    KIND: ClassVar[str] = "Process"
    API_VERSION: ClassVar[str] = "tulle.dev/v1"
    PLURAL: ClassVar[str] = "processes"
    SHORT_NAMES: ClassVar[tuple[str, ...]] = ("proc",)

    spec: ProcessSpec
