"""Reading and writing resolv.conf."""

from tulle.dns.resolv_conf import ResolvConf, is_ours, parse, render
from tulle.dns.upstreams import Server

TEXT = """\
# by hand
nameserver 192.0.2.53 ; first
nameserver fe80::1%eth0
domain ignored.example
search corp.example lab.example
options ndots:2 timeout:1
options edns0
nameserver nonsense
sortlist 10.0.0.0
"""


def test_servers_domains_and_options_are_read() -> None:
    assert parse(TEXT) == ResolvConf(
        (Server("192.0.2.53"), Server("fe80::1%eth0")),
        ("corp.example", "lab.example"),
        ("ndots:2", "timeout:1", "edns0"),
    )


def test_no_more_than_three_servers_count_as_in_the_c_library() -> None:
    text = "".join(f"nameserver 192.0.2.{number}\n" for number in range(1, 6))
    assert len(parse(text).servers) == 3


def test_what_we_write_asks_us_and_searches_the_namespace_first() -> None:
    text = render("127.53.0.1", "shop", parse(TEXT))
    assert is_ours(text)
    assert not is_ours(TEXT)
    assert parse(text) == ResolvConf(
        (Server("127.53.0.1"),),
        ("shop.svc.cluster.local", "svc.cluster.local", "corp.example", "lab.example"),
        ("ndots:2", "timeout:1", "edns0"),
    )


def test_nothing_is_read_of_nothing() -> None:
    assert parse("") == ResolvConf()
    assert parse("nameserver\nsearch\n") == ResolvConf()
