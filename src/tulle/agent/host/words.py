"""The flags of `tulle run` as they travel: to the host's agent in a frame, or to it in a file of `workloads.d`.

They are read by `settings.agent_settings` wherever they arrive: one syntax, one set of checks. What concerns
only the process that has the program (its command, its folder, its output) stays at home.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tulle.model.problems import Problem
from tulle.settings import AgentSettings, Words, agent_settings

AT_HOME = frozenset(
    {
        "agent",
        "command",
        "health",
        "log_format",
        "no_agent",
        "state_dir",
        "token_file",
        "working_dir",
    }
)
"""Flags of `tulle run` that its own process heeds."""

_CAPTURE_LISTS = frozenset(
    {
        "exclude_group",
        "exclude_inbound_cidr",
        "exclude_inbound_port",
        "exclude_outbound_cidr",
        "exclude_outbound_port",
        "exclude_user",
        "probe_port",
    }
)
SHARED = frozenset(
    {
        "address",
        "dns",
        "dns_port",
        "drain",
        "http_proxy",
        "label",
        "log_level",
        "namespace",
        "port",
        "region",
        "server",
    }
    | {"service_account", "upstream", "zone"}
    | {"capture", "cgroup", "netns"}
    | _CAPTURE_LISTS
)
"""Flags that say how a workload is carried."""

REPEATED = frozenset({"label", "port", "upstream"}) | _CAPTURE_LISTS
"""Those of them that may be given several times."""
_VARIABLES = {"server": "TULLE_JOIN_ADDRESS"}

SharedWords = Mapping[str, str | tuple[str, ...]]


def shared(flags: Words, environment: Mapping[str, str]) -> SharedWords:
    """What of the flags, and of the variables that stand for them, the agent has to know."""
    found: dict[str, str | tuple[str, ...]] = {}
    for name in sorted(SHARED):
        value = flags.get(name)
        if name in REPEATED:
            many = (value,) if isinstance(value, str) else tuple(value or ())
            if many:
                found[name] = many
        elif text := value or environment.get(_VARIABLES.get(name, f"TULLE_{name.upper()}"), ""):
            found[name] = text if isinstance(text, str) else tuple(text)
    return found


def settings_of(
    words: Mapping[str, str | Sequence[str]], state_dir: Path, envoy: Path, token: Path | None
) -> AgentSettings | tuple[Problem, ...]:
    """The settings the words mean here, or everything wrong with them. Nothing of the agent's own environment
    leaks in."""
    unknown = sorted(set(words) - SHARED - {"health", "log_format"})
    if unknown:
        return tuple(
            Problem(
                f"--{name.replace('_', '-')}",
                "flag-unknown",
                "the host's agent does not know this flag",
                "`tulle agent status` tells its version; upgrade it, or use --no-agent",
            )
            for name in unknown
        )
    flags: dict[str, str | Sequence[str] | None] = {**words, "state_dir": str(state_dir)}
    if token is not None:
        flags["token_file"] = str(token)
    return agent_settings(flags, {"TULLE_ENVOY": str(envoy)})
