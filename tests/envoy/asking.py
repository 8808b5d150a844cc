"""A plain HTTP client that cleans up after itself."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection


@dataclass(frozen=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, object]:
        """What a program says it was asked."""
        told = json.loads(self.body)
        assert isinstance(told, dict)
        return told

    @property
    def seen(self) -> dict[str, str]:
        """The headers the program saw."""
        seen = self.told["headers"]
        assert isinstance(seen, dict)
        return seen


def ask(
    port: int,
    path: str = "/",
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request on a connection of its own."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        return ask_again(connection, path, method=method, body=body, headers=headers)


def ask_again(
    connection: HTTPConnection,
    path: str = "/",
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One more request on a connection that stays open."""
    connection.request(method, path, body=body, headers=dict(headers or {}))
    with closing(connection.getresponse()) as response:
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
