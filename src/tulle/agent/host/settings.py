"""How `tulle agent` runs, and where it is found, as values."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tulle.model.problems import Problem
from tulle.settings import find_envoy, state_home

SYSTEM_SOCKET = Path("/run/tulle/agent.sock")
SYSTEM_STATE = Path("/var/lib/tulle/agent")
SYSTEM_WORKLOADS = Path("/etc/tulle/workloads.d")


@dataclass(frozen=True, slots=True)
class HostSettings:
    """One agent for a host (run by root) or for one user of it."""

    socket: Path
    """Where `tulle run` and commands find it: 0600, or 0660 for `group`."""

    state_dir: Path
    """Its book, and the folders of workloads that bring none of their own. 0700."""

    workloads: Path
    """Files that declare workloads whose programs run already."""

    envoy: Path
    """The Envoy binary."""

    server: str = ""
    """The control plane's join address, for files that name none."""

    group: str = ""
    """Whose members may use the socket beside the agent's user. "": nobody's."""

    take_over: bool = False
    """Replace the agent that runs."""


def host_settings(
    flags: Mapping[str, str | bool | None], environment: Mapping[str, str], uid: int
) -> HostSettings | tuple[Problem, ...]:
    """The agent's settings, or everything wrong with them. Flags win over their variables (TULLE_AGENT, …)."""
    envoy = find_envoy(environment)
    if isinstance(envoy, Problem):
        return (envoy,)

    def path(name: str, variable: str, default: Path) -> Path:
        text = str(flags.get(name) or environment.get(variable, ""))
        return Path(text).expanduser().absolute() if text else default

    home = SYSTEM_STATE if uid == 0 else state_home(environment) / "agent"
    return HostSettings(
        socket=path("socket", "TULLE_AGENT", own_socket(environment, uid)),
        state_dir=path("state_dir", "TULLE_AGENT_STATE_DIR", home),
        workloads=path(
            "workloads",
            "TULLE_WORKLOADS",
            SYSTEM_WORKLOADS if uid == 0 else _config_home(environment) / "workloads.d",
        ),
        envoy=envoy,
        server=str(flags.get("server") or environment.get("TULLE_JOIN_ADDRESS", "")),
        group=str(flags.get("group") or environment.get("TULLE_AGENT_GROUP", "")),
        take_over=bool(flags.get("take_over")),
    )


def own_socket(environment: Mapping[str, str], uid: int) -> Path:
    """Where the agent of this user listens: root's is the host's."""
    return SYSTEM_SOCKET if uid == 0 else _users_socket(environment)


def find_socket(environment: Mapping[str, str], uid: int) -> Path | None:
    """The agent that would carry a workload of this user: its own, else the host's, else there is none.

    $TULLE_AGENT names one. A socket this user may not open is none for it.
    """
    if named := environment.get("TULLE_AGENT"):
        return Path(named).expanduser().absolute()
    candidates = [SYSTEM_SOCKET] if uid == 0 else [_users_socket(environment), SYSTEM_SOCKET]
    return next((path for path in candidates if os.access(path, os.R_OK | os.W_OK)), None)


def _users_socket(environment: Mapping[str, str]) -> Path:
    runtime = environment.get("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK | os.X_OK):
        return Path(runtime) / "tulle" / "agent.sock"
    return state_home(environment) / "agent.sock"


def _config_home(environment: Mapping[str, str]) -> Path:
    base = environment.get("XDG_CONFIG_HOME") or str(Path("~/.config").expanduser())
    return Path(base) / "tulle"
