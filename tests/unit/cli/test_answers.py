"""What the server answers, as values."""

import msgspec

from tulle.cli.answers import Edges, NewToken, Proxies


def test_newer_servers_may_say_more() -> None:
    answer = b'{"proxies": [{"name": "a/b", "inSync": true, "mood": "good"}], "next": 1}'

    (proxy,) = msgspec.json.decode(answer, type=Proxies).proxies

    assert (proxy.name, proxy.in_sync, proxy.connected) == ("a/b", True, False)


def test_an_edge_is_read_as_it_is_written() -> None:
    answer = (
        b'{"edges": [{"from": "a/b", "to": "c/d:80", "protocol": "http", "requests": 1,'
        b' "connections": 1, "failures": 0, "p50_ms": 1.5, "p99_ms": null, "mtls": true}]}'
    )

    (edge,) = msgspec.json.decode(answer, type=Edges).edges

    assert (edge.source, edge.p50_ms, edge.mtls) == ("a/b", 1.5, True)


def test_a_token_never_shows_in_a_traceback() -> None:
    assert "secret" not in repr(NewToken(token="secret"))
