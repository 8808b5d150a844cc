"""What the demo's programs are told from outside."""

import pytest

from tulle.demo.environment import Address, address, listening_port


def test_an_address_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVIEWS_ADDR", "127.0.0.1:4000")

    assert address("REVIEWS_ADDR") == Address("127.0.0.1", 4000)
    assert str(address("REVIEWS_ADDR")) == "127.0.0.1:4000"


def test_a_missing_address_ends_the_program_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REVIEWS_ADDR", raising=False)

    with pytest.raises(SystemExit, match="REVIEWS_ADDR is not set"):
        address("REVIEWS_ADDR")


@pytest.mark.parametrize("text", ["127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000"])
def test_an_address_without_a_port_number_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("REVIEWS_ADDR", text)

    with pytest.raises(SystemExit, match="no port number"):
        address("REVIEWS_ADDR")


def test_the_listening_port_comes_from_the_command_line() -> None:
    assert listening_port(["--port", "8080"]) == 8080
    with pytest.raises(SystemExit, match="usage"):
        listening_port([])
