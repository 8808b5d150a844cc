"""`/tulle/v1/log-levels` and `/tulle/v1/proxies/NAMESPACE/NAME/log-levels`: read with GET, change with POST.

What is changed lasts until the process it is of ends: nothing is stored.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from tulle.api.bodies import Message, Request, read, reply
from tulle.api.edges import Fleet
from tulle.api.errors import ApiError
from tulle.model.names import WorkloadRef
from tulle.model.wire import AGENT_AWAY, AGENT_SILENT, AGENT_TOO_OLD, LEVEL_REFUSED, Refused
from tulle.ops import logs
from tulle.settings import LOG_LEVELS

log = logging.getLogger(__name__)

SERVER = "server"
MOST_AT_ONCE = 100

_STATUS = {AGENT_AWAY: 404, AGENT_TOO_OLD: 409, AGENT_SILENT: 504}


class Levels(Message, frozen=True, kw_only=True):
    """All levels, by logger."""

    levels: Mapping[str, str]


class Wanted(Request, frozen=True, kw_only=True):
    """Levels to change, by logger."""

    levels: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class LogLevels:
    """The handlers."""

    fleet: Fleet

    async def server(self, request: web.Request) -> web.Response:
        """This process's."""
        wanted = await _wanted(request)
        for name, level in wanted.items():
            if name != SERVER or level not in LOG_LEVELS:
                hint = (
                    f"the server has one logger, {SERVER}, with the levels {', '.join(LOG_LEVELS)}"
                )
                message = f"the server has no log level {name}={level}"[:200]
                raise ApiError(422, LEVEL_REFUSED, message, hint)
        for level in wanted.values():
            logs.set_level(level)
            log.info("the log level was changed", extra={"level": level})
        return reply(Levels(levels={SERVER: logs.level()}))

    async def proxy(self, request: web.Request) -> web.Response:
        """Those of a workload's agent and Envoy, wherever it runs."""
        ref = WorkloadRef(request.match_info["namespace"], request.match_info["name"])
        wanted = await _wanted(request)
        found = await self.fleet.log_levels(ref, wanted)
        if isinstance(found, Refused):
            status = _STATUS.get(found.code, 422)
            raise ApiError(status, found.code, found.message, found.hint)
        return reply(Levels(levels=found))


async def _wanted(request: web.Request) -> Mapping[str, str]:
    if request.method == "GET":
        return {}
    wanted = (await read(request, Wanted)).levels
    if len(wanted) > MOST_AT_ONCE:
        raise ApiError(422, LEVEL_REFUSED, f"more than {MOST_AT_ONCE} levels at once")
    return wanted
