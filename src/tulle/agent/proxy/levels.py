"""Log levels while everything runs: of this process, and of its Envoy through the admin interface.

Names: `agent`, `envoy` (all of its loggers), `envoy.http` (one of them). They last until the process they are of
ends: a restarted Envoy has again what it was started with.
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from tulle.agent.control.session import LevelsError
from tulle.agent.proxy.admin import Admin, AdminError
from tulle.ops import logs
from tulle.settings import LOG_LEVELS

ENVOY_LEVELS = ("trace", "debug", "info", "warning", "error", "critical", "off")

_LINE = re.compile(r"^\s*([\w.-]+):\s*(\w+)\s*$", re.MULTILINE)


class Levels:
    """Those of one agent and its Envoy; `envoy` gives the one there is now."""

    def __init__(self, envoy: Callable[[], Admin]) -> None:
        self._envoy = envoy

    async def change(self, wanted: Mapping[str, str]) -> Mapping[str, str]:
        """Change some, and give all. Raises LevelsError, and nothing was changed then."""
        loggers = await self._ask("")
        for name, level in wanted.items():
            check(name, level, loggers)
        for name, level in wanted.items():
            if name == "agent":
                logs.set_level(level)
            else:
                loggers = await self._ask(query(name, level))
        return {"agent": logs.level(), **named(loggers)}

    async def _ask(self, change: str) -> Mapping[str, str]:
        try:
            return read(await self._envoy().log_levels(change))
        except AdminError as error:
            raise LevelsError(f"the proxy does not answer: {error}") from error


def check(name: str, level: str, loggers: Mapping[str, str]) -> None:
    """Refuse a name or level there is not, with those there are."""
    known = LOG_LEVELS if name == "agent" else ENVOY_LEVELS
    if name not in {"agent", "envoy"} and name.removeprefix("envoy.") not in loggers:
        raise LevelsError(
            f"there is no logger {name!r}: there are agent, envoy and envoy.NAME, where NAME is one of "
            f"{', '.join(sorted(loggers))}"
        )
    if level not in known:
        raise LevelsError(f"{name} has no level {level!r}: there are {', '.join(known)}")


def query(name: str, level: str) -> str:
    """The change as Envoy takes it."""
    return urlencode({"level" if name == "envoy" else name.removeprefix("envoy."): level})


def read(text: str) -> Mapping[str, str]:
    """What `/logging` answers, by logger."""
    return dict(_LINE.findall(text))


def named(loggers: Mapping[str, str]) -> Mapping[str, str]:
    """Envoy's loggers under our names."""
    return {f"envoy.{name}": level for name, level in sorted(loggers.items())}
