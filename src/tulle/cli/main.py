"""The `tulle` command: a table of commands, each loaded when it is called and not before.

`tulle --help` reads only this table: starting must stay under 150 ms, so this module imports click and
nothing else.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import click

from tulle import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives and the line `--help` shows of it."""

    module: str
    section: str
    summary: str
    attribute: str = "command"


RUN, RESOURCES, UNDERSTAND, OTHER = (
    "Run a mesh",
    "Resources",
    "Understand what happens",
    "Other",
)

COMMANDS: dict[str, Entry] = {
    "up": Entry("up.command", RUN, "Run a mesh from manifests; without any, the demo."),
    "down": Entry("down", RUN, "End the mesh `tulle up` runs."),
    "server": Entry("server", RUN, "Run the control plane."),
    "run": Entry("run", RUN, "Run a program beside its own proxy."),
    "agent": Entry("agent.command", RUN, "Carry all workloads of a host."),
    "apply": Entry("resources.apply", RESOURCES, "Create or change resources, all or none."),
    "get": Entry("resources.get", RESOURCES, "List resources of a kind, or show one."),
    "describe": Entry("resources.describe", RESOURCES, "Everything known of one resource."),
    "delete": Entry("resources.delete", RESOURCES, "Delete resources."),
    "validate": Entry(
        "resources.validate", RESOURCES, "Find every problem in manifests; needs no server."
    ),
    "crds": Entry("resources.crds", RESOURCES, "Tulle's kinds, for a Kubernetes cluster."),
    "kubeconfig": Entry("access.command", RESOURCES, "Let kubectl use this server."),
    "token": Entry("resources.token", RESOURCES, "Let workloads join."),
    "explain": Entry("inspection.explain", UNDERSTAND, "Say why: what happens to a request."),
    "stat": Entry("inspection.stat", UNDERSTAND, "Golden numbers of every edge."),
    "proxy": Entry("inspection.proxy", UNDERSTAND, "Proxies: their state, their configuration."),
    "dns": Entry("dns.command", UNDERSTAND, "Names of the mesh: what programs are told of them."),
    "log": Entry("inspection.log", UNDERSTAND, "Log levels of server, agents and proxies."),
    "translate": Entry(
        "inspection.translate", UNDERSTAND, "Manifests to Envoy resources; needs no server."
    ),
    "capture": Entry(
        "capture.command", UNDERSTAND, "Whose traffic this host captures; clean up leftovers."
    ),
    "check": Entry("inspection.check", UNDERSTAND, "What is wrong with this machine or this mesh."),
    "store": Entry("store.command", OTHER, "Back up, restore and check what the server keeps."),
    "bug-report": Entry(
        "report.command", OTHER, "Gather what helps to find a fault, without secrets."
    ),
    "install": Entry("install.command", OTHER, "Make Tulle a service of this machine."),
    "uninstall": Entry(
        "install.command", OTHER, "Take away what `tulle install` made.", attribute="uninstall"
    ),
    "completion": Entry("completion", OTHER, "Print the completion script of a shell."),
    "version": Entry("version", OTHER, "Versions of this program and of the server."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by the table above, and loads one when it is asked for it."""

    def __init__(self, entries: dict[str, Entry], name: str, help_text: str) -> None:
        stubs = {key: click.Command(key, short_help=e.summary) for key, e in entries.items()}
        super().__init__(name, commands=stubs, help=help_text)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table, which is the order people meet them."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself; its module loads now."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        found = getattr(import_module(f"tulle.cli.{entry.module}"), entry.attribute)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, by section."""
        for section in dict.fromkeys(entry.section for entry in self.entries.values()):
            with formatter.section(section):
                formatter.write_dl(self._lines(section))

    def _lines(self, section: str) -> list[tuple[str, str]]:
        return [(key, e.summary) for key, e in self.entries.items() if e.section == section]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Complete names of commands without loading any."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(key, help=entry.summary)
            for key, entry in self.entries.items()
            if key.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


cli = click.version_option(__version__, prog_name="tulle", message="%(prog)s %(version)s")(
    LazyGroup(
        COMMANDS,
        "tulle",
        "Tulle, a service mesh: mutual TLS, routing and golden metrics for any program.\n\n"
        "Start with `tulle up`.",
    )
)


def main(arguments: Iterable[str] | None = None) -> int:
    """Run one command; the exit code. 0: as asked, 1: it failed, 2: the command line makes no sense.

    What nobody foresaw ends here too: on one screen, as everything else.
    """
    arguments = None if arguments is None else list(arguments)
    # Colours are for terminals, and for none that says NO_COLOR (no-color.org).
    color = False if os.environ.get("NO_COLOR") else None
    try:
        cli.main(arguments, prog_name="tulle", complete_var="_TULLE_COMPLETE", color=color)
    except SystemExit as exc:  # how click ends, whatever happened
        return exc.code if isinstance(exc.code, int) else int(bool(exc.code))
    except Exception as exc:  # noqa: BLE001 - the last resort
        from tulle.cli.errors import show_bug

        show_bug(exc)
        return 1
