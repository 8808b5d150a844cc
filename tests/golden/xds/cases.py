"""The cases of the second seam: resources and the workload `shop/web`, whose proxy gets the result."""

from collections.abc import Iterator
from pathlib import Path

from tulle.codec.decode import read
from tulle.graph.compile import compile_mesh
from tulle.graph.mesh import View
from tulle.graph.views import view_of
from tulle.model.kinds.mesh import Mesh
from tulle.model.names import WorkloadRef
from tulle.model.problems import has_errors
from tulle.model.resources import Resource
from tulle.model.worlds import World

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/in.yaml"))
SUBJECT = WorkloadRef("shop", "web")


def resources_of(case: Path) -> tuple[Resource, ...]:
    """What the case says, in the common mesh unless it has its own."""
    own = _resources(case / "in.yaml")
    common = () if any(isinstance(one, Mesh) for one in own) else _resources(HERE / "mesh.yaml")
    return (*common, *own)


def views_of(resources: tuple[Resource, ...]) -> Iterator[tuple[WorkloadRef, View]]:
    """What every proxy of these resources needs."""
    graph = compile_mesh(World(resources)).graph
    for ref in sorted(graph.workloads):
        view = view_of(graph, ref)
        if view is not None:
            yield ref, view


def view_of_case(case: Path) -> View:
    """What the subject's proxy needs."""
    return dict(views_of(resources_of(case)))[SUBJECT]


def _resources(path: Path) -> tuple[Resource, ...]:
    decoded = read(path.read_text(), str(path))
    assert not has_errors(decoded.problems), decoded.problems
    return decoded.resources
