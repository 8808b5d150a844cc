"""`tulle validate`: every problem in manifests at once, without a server."""

import click

from tulle.cli.arguments import files_option
from tulle.cli.errors import ProblemsFound, counted, show_problems
from tulle.cli.output import output_option, print_json
from tulle.model.problems import Problem, Severity


@click.command("validate")
@files_option(required=True)
@output_option("text", "json", default="text")
def command(files: tuple[str, ...], output: str) -> None:
    """Find every problem in manifests; needs no server.

    What is wrong with a resource by itself is an error; what it names and these files do not hold (it may
    be on the server) is a warning. Exits with 1 if there is an error.
    """
    from tulle.cli.inspection.local import world_of
    from tulle.cli.manifests import placed, read_all
    from tulle.graph.compile import compile_mesh

    decoded = read_all(files)
    compiled = compile_mesh(world_of(decoded.resources))
    problems = (*decoded.problems, *placed(decoded, compiled.problems))
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if output == "json":
        print_json({"problems": [problem_object(problem) for problem in problems]})
        if errors:
            raise click.exceptions.Exit(1)
        return
    if errors:
        raise ProblemsFound(problems)
    show_problems(problems)
    click.echo(f"{counted(len(decoded.items), 'resource')}, no errors")


def problem_object(problem: Problem) -> dict[str, str]:
    """A problem as the API writes it."""
    return {
        "path": problem.path,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "resource": str(problem.resource or ""),
        "place": str(problem.place or ""),
        "severity": problem.severity.value,
    }
