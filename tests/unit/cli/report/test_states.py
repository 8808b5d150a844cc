import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tulle.cli.report import states

KEY = b"-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nxyz\n-----END CERTIFICATE-----"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki" / "root.pem").write_bytes(KEY + b"\n" + CERTIFICATE)
    (tmp_path / "pki" / "api-token").write_bytes(b"tulle-api-x")
    (tmp_path / "envoy.log").write_bytes(b"a line\n")
    (tmp_path / "envoy.log.1").write_bytes(b"an older line\n")
    return tmp_path


@contextmanager
def admin(path: Path) -> Iterator[list[bytes]]:
    """Something that answers every question with its first line."""
    heard: list[bytes] = []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            line = connection.recv(65536).split(b"\r\n")[0]
            heard.append(line)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + line)
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def test_every_folder_below_is_looked_at_once(place: Path) -> None:
    assert states.folders((place, place / "pki")) == (place, place / "pki")


def test_files_are_named_and_never_read(place: Path) -> None:
    (found,) = states.contents((place, place / "pki"))

    assert str(place / "pki" / "root.pem") in str(found.content)
    assert "PRIVATE" not in str(found.content)
    assert "bytes on disk" in str(found.content)


def test_the_end_of_each_log_is_taken(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "MOST_LOG", 5)

    assert [found.content for found in states.logs((place,))] == [b"line\n", b"line\n"]


def test_keys_and_tokens_are_known_and_certificates_are_no_secret(place: Path) -> None:
    assert list(states.secrets((place, place / "pki"))) == [b"tulle-api-x", KEY]


def test_each_envoy_is_only_asked_and_one_that_is_gone_says_so(tmp_path: Path) -> None:
    with admin(tmp_path / "admin.sock") as heard:
        found = list(states.proxies((tmp_path,)))
    gone = list(states.proxies((tmp_path,)))

    assert len(heard) == len(found) == len(states._ASKED)
    assert all(line.startswith(b"GET /") for line in heard)
    assert all(b"Error" in bytes(file.content) for file in gone)
