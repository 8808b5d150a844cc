"""`tulle apply`: manifests to the server, as one transaction."""

import click

from tulle.cli.answers import Applied
from tulle.cli.arguments import Seconds, files_option
from tulle.cli.client import Client, server_option
from tulle.cli.errors import ProblemsFound, show_problems

NOTHING = "nothing was changed"


@click.command("apply")
@files_option(required=True)
@click.option("--dry-run", is_flag=True, help="Let the server check everything and change nothing.")
@click.option("--wait", is_flag=True, help="Return when every affected proxy has accepted it.")
@click.option(
    "--timeout", type=Seconds(), default="60s", show_default=True, help="How long --wait waits."
)
@server_option
def command(
    files: tuple[str, ...], dry_run: bool, wait: bool, timeout: float, client: Client
) -> None:
    """Create or change the resources in manifests: all of them, or none if any is wrong.

    With --wait it returns when every proxy the change concerns has accepted it, and fails naming those
    that have not, or that refused it.
    """
    applied = apply_files(client, files, dry_run=dry_run)
    suffix = " (dry run)" if dry_run else ""
    for outcome in applied.results:
        click.echo(f"{outcome.key} {outcome.action}{suffix}")
    if wait and not dry_run:
        from tulle.cli.resources.settling import wait_settled

        wait_settled(client, applied.revision, timeout)
        click.echo("every affected proxy has it", err=True)


def apply_files(client: Client, files: tuple[str, ...], *, dry_run: bool) -> Applied:
    """Send what is in the files; problems the server finds are shown with file and line."""
    from tulle.cli.manifests import placed, read_valid
    from tulle.codec import encode

    decoded = read_valid(files, NOTHING)
    body = {"resources": [encode.to_object(r) for r in decoded.resources], "dryRun": dry_run}
    try:
        applied = client.post("/tulle/v1/apply", body, Applied)
    except ProblemsFound as exc:
        raise ProblemsFound(placed(decoded, exc.problems), NOTHING) from exc
    show_problems(placed(decoded, [warning.read() for warning in applied.warnings]))
    return applied
