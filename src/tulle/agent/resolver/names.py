"""The DNS of one workload, whole: its place, its view of the names, and the files that lead programs to it.

`sidecar` runs it beside the proxy. Names come over the same stream as Envoy's configuration and are saved with
it, so that a restarted agent answers while the control plane is away.
"""

import asyncio
import contextlib
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tulle.agent.resolver import takeover
from tulle.agent.resolver.forwarder import Forwarder
from tulle.agent.resolver.listener import Listener
from tulle.agent.resolver.places import Place
from tulle.agent.resolver.resolver import Resolver
from tulle.agent.resolver.scope import Scope
from tulle.agent.resolver.shared import Reader
from tulle.agent.resolver.sockets import OpenSocket
from tulle.agent.resolver.sources import RESOLV_CONF, Source
from tulle.dns.resolv_conf import render
from tulle.dns.wishes import Dns, DnsMode
from tulle.xds.snapshots import XdsResource


class Feed(Protocol):
    """Where names come from: the exchange with the control plane."""

    @property
    def names(self) -> Mapping[str, XdsResource] | None:
        """All of them; None while nobody has told them."""
        ...

    @property
    def renamed(self) -> asyncio.Event:
        """Set when they are others than before; who follows them clears it."""
        ...


class Names:
    """`host_file` is the host's resolv.conf, read for whom else to ask, and replaced in mode `host`."""

    def __init__(
        self,
        wanted: Dns,
        place: Place,
        namespace: str,
        open_socket: OpenSocket = socket.socket,
        host_file: Path = RESOLV_CONF,
    ) -> None:
        self._wanted = wanted
        self._place = place
        self._namespace = namespace
        self._open_socket = open_socket
        self._host_file = host_file
        self._answers = asyncio.Event()
        self._reader = Reader()
        self._source = Source(
            host_file,
            takeover.saved(host_file),
            lambda server: place.is_here(server.address, server.port),
            asyncio.get_running_loop().time,
        )

    @property
    def port(self) -> int:
        """Where it answers, on loopback."""
        return self._place.port

    def program_file(self) -> str:
        """What the program shall see as its resolv.conf; "" where it keeps the host's."""
        return self._resolv_conf() if self._wanted.mode is DnsMode.RESOLV_CONF else ""

    async def answers(self) -> None:
        """Return once it knows the names and answers."""
        await self._answers.wait()

    async def run(self, feed: Feed, scope: Scope | None = None) -> None:
        """Answer until cancelled; `scope` is a captured program's."""
        loop = asyncio.get_running_loop()
        async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as group:
            forwarder = Forwarder(self._source.servers, group, self._open_socket)
            resolver = Resolver(self._namespace, forwarder, loop.time, scope)
            group.create_task(Listener(resolver, self._place.pairs).run(), name="dns-listen")
            group.create_task(self._follow(feed, resolver), name="dns-names")
            await resolver.named()
            if self._wanted.mode is DnsMode.HOST:
                stack.enter_context(takeover.taken(self._host_file, self._resolv_conf()))
            self._answers.set()
            await asyncio.Event().wait()

    def close(self) -> None:
        """Give the ports back."""
        self._place.close()

    def _resolv_conf(self) -> str:
        return render(self._place.address, self._namespace, self._source.conf)

    async def _follow(self, feed: Feed, resolver: Resolver) -> None:
        while True:
            feed.renamed.clear()
            names = feed.names
            if names is not None:
                resolver.use(self._reader.read(names))
            await feed.renamed.wait()
