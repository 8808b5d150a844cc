"""Manifests compiled into the mesh they describe, for commands that need no server."""

from dataclasses import dataclass

from tulle.cli.errors import ProblemsFound, show_problems
from tulle.cli.inspection.local import world_of
from tulle.cli.manifests import placed, read_valid
from tulle.graph.compile import compile_mesh
from tulle.graph.mesh import Compiled
from tulle.model.problems import has_errors
from tulle.model.worlds import World


@dataclass(frozen=True, slots=True)
class Files:
    """A mesh out of manifests, as if it ran."""

    world: World
    compiled: Compiled


def read_mesh(files: tuple[str, ...]) -> Files:
    """The mesh of these manifests; errors in them end the command, warnings are printed."""
    decoded = read_valid(files)
    world = world_of(decoded.resources)
    compiled = compile_mesh(world)
    problems = placed(decoded, compiled.problems)
    if has_errors(problems):
        raise ProblemsFound(problems)
    show_problems(problems)
    return Files(world, compiled)
