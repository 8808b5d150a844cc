"""The launcher of Redis."""

import sys

import pytest

from tulle.demo import needs, redis


def test_redis_listens_on_loopback_and_keeps_nothing() -> None:
    line = redis.arguments("/bin/redis-server", 7000)

    assert line[0] == "/bin/redis-server"
    assert dict(zip(line[1::2], line[2::2], strict=True)) == {
        "--port": "7000",
        "--bind": "127.0.0.1",
        "--save": "",
        "--appendonly": "no",
        "--dir": "/",
    }


def test_without_a_redis_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "redis_server", lambda: None)
    monkeypatch.setattr(sys, "argv", ["redis", "--port", "1"])

    with pytest.raises(SystemExit, match=r"pip install 'tulle\[demo\]'"):
        redis.main()
