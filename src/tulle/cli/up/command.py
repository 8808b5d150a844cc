"""`tulle up`: reads manifests, decides what to start, and hands over to `mesh`."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tulle.cli.arguments import Seconds
from tulle.cli.errors import CliError, ProblemsFound, counted, error_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tulle.cli.up.edges import DeclaredEdge
    from tulle.cli.up.mesh import MeshRun, Outcome
    from tulle.cli.up.place import Place
    from tulle.cli.up.plan import Launch
    from tulle.codec.decode import Decoded
    from tulle.graph.mesh import MeshGraph
    from tulle.model.names import ResourceKey
    from tulle.model.resources import Resource

NOTHING = "nothing was started"

DEMO = Path(__file__).parent.parent.parent / "demo" / "manifests"


@click.command("up")
@click.argument("paths", metavar="[FILE|DIR]...", nargs=-1)
@click.option(
    "--for",
    "for_s",
    type=Seconds(),
    help="Run unattended for so long once everything is ready, and exit with 1 unless every edge carried "
    "traffic over mutual TLS.",
)
@click.option("--logs", is_flag=True, help="Show what programs write, behind their names.")
@click.option(
    "--keep-data", is_flag=True, help="Keep the mesh's store and authority for the next run."
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(("table", "json")),
    default="table",
    show_default=True,
    help="With json, stdout gets the edges as one JSON document at the end, and nothing else.",
)
def command(
    paths: tuple[str, ...], for_s: float | None, logs: bool, keep_data: bool, output: str
) -> None:
    """Run a mesh from manifests, in this terminal; without any, the bundled demo.

    Every Process becomes a program with a proxy of its own; all else is applied as `tulle apply` would.
    A Process without a command is a door into the mesh, and where there is none, one is added that leads
    to the first HTTP Service. Programs start in the folder of the file that names them. One that is told
    its port, by $(PORT) in its command or environment, gets another where the one it names is taken, and
    may have replicas.

    Ctrl-C drains and ends everything; a second one waits for nobody.
    """
    click.echo(f"tulle up: {', '.join(paths) or f'the demo, from {DEMO}'}", err=output == "json")
    plan = _prepare(paths)
    outcome = _run(plan, Wishes(for_s, logs, keep_data, output))
    _report(outcome, output)
    if for_s is not None and outcome.complaints:
        for complaint in outcome.complaints:
            click.echo(f"Error: {complaint}", err=True)
        raise click.exceptions.Exit(1)


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options."""

    for_s: float | None
    logs: bool
    keep_data: bool
    output: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything decided before anything starts."""

    decoded: "Decoded"
    resources: "Sequence[Resource]"
    launches: "Sequence[Launch]"
    graph: "MeshGraph"
    declared: "Sequence[DeclaredEdge]"
    envoy: Path
    is_demo: bool


def _prepare(paths: tuple[str, ...]) -> Prepared:
    """Read, check and plan; whatever is wrong is told now, all of it."""
    from tulle.cli.inspection.local import world_of
    from tulle.cli.manifests import placed, read_valid
    from tulle.cli.processes import with_door
    from tulle.cli.up.plan import Ports, plan
    from tulle.cli.up.ports import any_free, is_free
    from tulle.graph.compile import compile_mesh
    from tulle.model.problems import has_errors
    from tulle.settings import find_envoy

    if not paths:
        _need_demo()
    decoded = read_valid(paths or (str(DEMO),), NOTHING)
    resources = with_door(decoded.resources)
    compiled = compile_mesh(world_of(resources))
    planned = plan(resources, Ports(is_free, any_free))
    problems = placed(decoded, (*compiled.problems, *planned.problems))
    if has_errors(problems):
        raise ProblemsFound(problems, NOTHING)
    if not planned.launches:
        raise CliError(
            "these manifests hold no Process, so there is nothing to run",
            "a Process is a program of yours; see docs/tutorial/first-mesh.md",
            "no-process",
        )
    envoy = find_envoy(os.environ)
    if not isinstance(envoy, Path):
        raise error_of(envoy)
    return Prepared(
        decoded=decoded,
        resources=resources,
        launches=planned.launches,
        graph=compiled.graph,
        declared=_declared(decoded, planned.launches, compiled.graph),
        envoy=envoy,
        is_demo=not paths,
    )


def _declared(
    decoded: "Decoded", launches: "Sequence[Launch]", graph: "MeshGraph"
) -> "Sequence[DeclaredEdge]":
    """The edges of the user's Processes; where they have none, those of the door we added."""
    from tulle.cli.up.edges import declared_edges

    written = {resource.key for resource in decoded.resources}
    own = [launch.replica.ref for launch in launches if launch.process.key in written]
    everyone = [launch.replica.ref for launch in launches]
    return declared_edges(graph, own) or declared_edges(graph, everyone)


def _need_demo() -> None:
    from tulle.demo import needs

    if missing := needs.missing():
        raise CliError(
            "the demo lacks programs:\n" + "\n".join(f"  {line}" for line in missing),
            needs.REMEDY,
            "demo-not-installed",
        )


def _run(prepared: Prepared, wishes: Wishes) -> "Outcome":
    environ = _environ(ours_first=prepared.is_demo)
    _prepare_grpc()
    from tulle.cli.up.mesh import Job, MeshRun
    from tulle.cli.up.place import placed
    from tulle.cli.up.screen import LogStream, screen
    from tulle.ops import logs
    from tulle.settings import state_home

    home = state_home(os.environ)
    with placed(home) as place, screen(wishes.output) as shown:
        job = Job(
            resources=prepared.resources,
            launches=prepared.launches,
            graph=prepared.graph,
            declared=prepared.declared,
            folders=_folders(prepared.decoded),
            data_dir=home / "up" if wishes.keep_data else place.folder / "data",
            envoy=prepared.envoy,
            environ=environ,
            for_s=wishes.for_s,
            logs=wishes.logs,
        )
        shown.say(f"starting a control plane and {counted(len(job.launches), 'program')}")
        logs.setup("warning", "human", LogStream(shown), os.environ)
        run = MeshRun(job, place, shown, _hints(prepared, place, wishes))
        return _in_loop(run, prepared.decoded)


def _prepare_grpc() -> None:
    """What gRPC reads when it is loaded. Programs do not inherit it: their environment is taken before."""
    # Its C core logs every refused handshake by itself; ours says who was refused and why.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Its fork handlers wait for its threads, here for a minute, and shut connections of the parent in the
    # moment between a program's fork and its exec.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    # Names mean what the system says they mean: its hosts file, its order of asking.
    os.environ.setdefault("GRPC_DNS_RESOLVER", "native")


def _in_loop(run: "MeshRun", decoded: "Decoded") -> "Outcome":
    """Run to the end; of everything that went wrong at once, the first thing a person can act on."""
    import uvloop

    from tulle.cli.manifests import placed

    try:
        return uvloop.run(run.run())
    except BaseExceptionGroup as group:
        error = _cause(group)
        if isinstance(error, ProblemsFound):
            raise ProblemsFound(placed(decoded, error.problems), "the mesh was ended") from group
        if error is None:
            raise
        raise error from group


def _cause(error: BaseException) -> click.ClickException | None:
    """The error made for people inside a group; errors of rooms below carry a Problem."""
    from tulle.model.problems import Problem

    if isinstance(error, click.ClickException):
        return error
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_cause, error.exceptions)), None)
    problem = getattr(error, "problem", None)
    if isinstance(problem, Problem):
        return error_of(problem)
    return None


def _report(outcome: "Outcome", output: str) -> None:
    from tulle.cli.inspection.stat import edge_object
    from tulle.cli.output import print_json
    from tulle.cli.up.screen import table_lines

    if output == "json":
        print_json({"edges": [edge_object(edge) for edge in outcome.edges]})
    elif not sys.stdout.isatty():
        for line in table_lines(outcome.edges):
            click.echo(line)


def _folders(decoded: "Decoded") -> "dict[ResourceKey, Path]":
    """Where each Process was read from; standard input has no folder."""
    return {
        located.resource.key: Path(located.file).absolute().parent
        for located in decoded.items
        if Path(located.file).exists()
    }


def _environ(*, ours_first: bool) -> dict[str, str]:
    """The environment of programs. The demo's `python` has to be the one that has the demo's packages."""
    found = dict(os.environ)
    if ours_first:
        path = found.get("PATH", os.defpath)
        found["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), path])
    return found


def _hints(prepared: Prepared, place: "Place", wishes: Wishes) -> list[str]:
    """What to do next, as lines to copy."""
    tulle = _own_name()
    lines = [] if place.is_default else [f"first, there:    export TULLE_SERVER={place.api_socket}"]
    lines.append(f"other terminals: {tulle} stat, {tulle} get workloads -A, {tulle} check")
    if split := _split_file(prepared.decoded):
        lines.append(f"move traffic:    edit {split}, then {tulle} apply -f {split}")
    if wishes.for_s is None:
        lines.append("end it:          Ctrl-C")
    return lines


def _split_file(decoded: "Decoded") -> str:
    """The file of the first route that splits traffic."""
    from tulle.model.kinds.http_route import HTTPRoute

    for located in decoded.items:
        if isinstance(located.resource, HTTPRoute) and any(
            len(rule.backend_refs) > 1 for rule in located.resource.spec.rules
        ):
            return located.file
    return ""


def _own_name() -> str:
    """How this command is called here: `tulle`, or its path where the shell would not find it."""
    script = Path(sys.argv[0])
    if script.name != "tulle":
        return "tulle"
    found = shutil.which("tulle")
    if found and Path(found).absolute() == script.absolute():
        return "tulle"
    return os.path.relpath(script)
