"""Who is asked first."""

from tulle.dns.upstreams import SILENT_S, Server, Standing

A, B, C = Server("192.0.2.1"), Server("192.0.2.2"), Server("::1", 5353)


def test_servers_are_asked_in_their_order() -> None:
    assert Standing().in_order((A, B, C), now=0) == (A, B, C)


def test_a_silent_one_stands_behind_the_others_for_a_while() -> None:
    standing = Standing()
    standing.silent(A, now=100)
    assert standing.in_order((A, B, C), now=101) == (B, C, A)
    assert standing.in_order((A, B, C), now=100 + SILENT_S) == (A, B, C)


def test_of_silent_ones_the_longest_silent_is_tried_first() -> None:
    standing = Standing()
    standing.silent(B, now=100)
    standing.silent(A, now=101)
    assert standing.in_order((A, B, C), now=102) == (C, B, A)


def test_one_that_answers_has_its_place_back() -> None:
    standing = Standing()
    standing.silent(A, now=100)
    standing.heard(A)
    assert standing.in_order((A, B), now=101) == (A, B)


def test_servers_are_spelled_with_their_port() -> None:
    assert str(C) == "::1#5353"
