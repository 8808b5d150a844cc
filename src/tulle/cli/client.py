"""Talks to a server through its Unix socket: HTTP by the standard library, errors made for people.

Which socket: `--server`, else `$TULLE_SERVER`, else the place `tulle server` and `tulle up` use by default; where
there is none, that of the machine's own server.
"""

import http.client
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import click
import msgspec

from tulle.cli.errors import CliError, ProblemsFound
from tulle.model.names import ResourceKey
from tulle.model.problems import Place, Problem, Severity
from tulle.settings import api_socket

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])

SYSTEM_SOCKET = Path("/run/tulle-server/api.sock")
"""Where the server listens that `tulle install host --server` makes a service."""

LIMIT_S = 30.0
"""How long a server may take for one answer, beyond what the request itself asks it to wait."""
MOST_BYTES = 256 * 1024 * 1024


def server_option(function: F) -> F:
    """Add `--server` to a command; it gets a `Client` as `client`."""
    option = click.option(
        "--server",
        "client",
        metavar="SOCKET",
        default=default_server,
        show_default="where `tulle server` and `tulle up` listen",
        callback=lambda _ctx, _param, value: Client(value),
        help="Unix socket of the server ($TULLE_SERVER).",
    )
    return option(function)


def default_server() -> str:
    """The socket commands talk to when none is named on the command line."""
    if named := os.environ.get("TULLE_SERVER"):
        return named
    own = api_socket(os.environ)
    # The server of this user first; else that of the machine, for who may use it.
    installed = os.access(SYSTEM_SOCKET, os.R_OK | os.W_OK) and not own.exists()
    return str(SYSTEM_SOCKET if installed else own)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("tulle", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self._path)
        except BaseException:
            self.sock.close()
            raise


class WireProblem(msgspec.Struct, frozen=True):
    """A problem as the API writes it."""

    message: str
    code: str = ""
    path: str = ""
    hint: str = ""
    resource: str = ""
    place: str = ""
    severity: str = "error"

    def read(self) -> Problem:
        """The value the rest of the program knows."""
        return Problem(
            path=self.path,
            code=self.code,
            message=self.message,
            hint=self.hint,
            resource=_key(self.resource),
            place=_place(self.place),
            severity=Severity.WARNING if self.severity == "warning" else Severity.ERROR,
        )


class Failure(msgspec.Struct, frozen=True):
    """What a server answers when it refuses."""

    problems: tuple[WireProblem, ...] = ()
    message: str = ""


class Client:
    """A server, at a socket. Every call is one connection; nothing is kept open."""

    def __init__(self, server: str) -> None:
        self.server = server.removeprefix("unix:")

    def get(self, path: str, answer: type[T], query: Mapping[str, str] | None = None) -> T:
        """What is at a path, as `answer`."""
        return self._read(self._request("GET", _with_query(path, query or {})), answer)

    def raw(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        """What is at a path, as it came."""
        return self._request("GET", _with_query(path, query or {}))

    def post(self, path: str, body: object, answer: type[T], wait_s: float = 0) -> T:
        """Send an object, get `answer`."""
        return self._read(self._request("POST", path, json.dumps(body).encode(), wait_s), answer)

    def fetch(self, path: str, body: object, wait_s: float = 0) -> bytes:
        """Send an object, get what comes as it came."""
        return self._request("POST", path, json.dumps(body).encode(), wait_s)

    def lines(self, path: str, query: Mapping[str, str]) -> Iterator[bytes]:
        """The lines of an answer that goes on, as they come, for as long as the server sends any."""
        connection = UnixConnection(self.server, LIMIT_S)
        try:
            connection.request("GET", _with_query(path, query))
            response = connection.getresponse()
            if response.status >= 400:
                raise refusal(response.status, response.read(MOST_BYTES))
            connection.sock.settimeout(None)
            while line := response.readline(MOST_BYTES):
                yield line
        except (OSError, http.client.HTTPException) as exc:
            raise self._unreachable(exc) from exc
        finally:
            connection.close()

    def _read(self, data: bytes, answer: type[T]) -> T:
        try:
            return msgspec.json.decode(data, type=answer)
        except msgspec.DecodeError as exc:
            raise CliError(
                f"the server at {self.server} answers something else than expected: {exc}",
                "are `tulle` and the server of the same version? `tulle version` says",
                "server-answers-strangely",
            ) from exc

    def _request(
        self, method: str, path: str, body: bytes | None = None, wait_s: float = 0
    ) -> bytes:
        connection = UnixConnection(self.server, LIMIT_S + wait_s)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            data = response.read(MOST_BYTES)
        except (OSError, http.client.HTTPException) as exc:
            raise self._unreachable(exc) from exc
        finally:
            connection.close()
        if response.status >= 400:
            raise refusal(response.status, data)
        return data

    def _unreachable(self, exc: Exception) -> CliError:
        match exc:
            case FileNotFoundError() | ConnectionRefusedError():
                return CliError(
                    f"no server at {self.server}",
                    "start one with `tulle up` or `tulle server`, or say where it is with --server "
                    "or $TULLE_SERVER",
                    "no-server",
                )
            case PermissionError():
                return CliError(
                    f"the server at {self.server} belongs to another user",
                    f"run this as the user who started it (you are {os.getuid()})",
                    "server-not-yours",
                )
            case TimeoutError():
                return CliError(
                    f"the server at {self.server} did not answer in time",
                    "look at its log; `tulle check` says more",
                    "server-timeout",
                )
            case _:
                return CliError(
                    f"the connection to the server at {self.server} broke: {exc}",
                    "look at its log, then try again",
                    "server-gone",
                )


def refusal(status: int, data: bytes) -> click.ClickException:
    """The error behind an answer of 400 or more."""
    try:
        failure = msgspec.json.decode(data, type=Failure)
    except msgspec.DecodeError:
        failure = Failure(message=data[:200].decode(errors="replace").strip())
    problems = tuple(problem.read() for problem in failure.problems)
    if status == 422 and problems:
        return ProblemsFound(problems)
    if problems:
        first = problems[0]
        about = f"{first.resource}: " if str(first.resource or "") not in first.message else ""
        return CliError(f"{about}{first.message}", first.hint, first.code)
    said = failure.message.removeprefix(f"{status}: ") or "no reason"
    hint = "are `tulle` and the server of the same version? `tulle version` says; so does its log"
    return CliError(f"the server answered {status}: {said}", hint, f"http-{status}")


def _with_query(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _key(text: str) -> ResourceKey | None:
    """`Kind namespace/name` or `Kind name`, as `ResourceKey` prints itself."""
    kind, _, rest = text.partition(" ")
    namespace, _, name = rest.rpartition("/")
    return ResourceKey(kind, namespace, name) if kind and name else None


def _place(text: str) -> Place | None:
    file, _, line = text.rpartition(":")
    if file and line.isdecimal():
        return Place(file, int(line))
    return Place(text) if text else None
