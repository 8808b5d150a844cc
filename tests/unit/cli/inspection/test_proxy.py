"""How the state of a proxy reads. (The commands against a server: see resources/test_server.py.)"""

from tulle.cli.answers import Proxy, Refusal
from tulle.cli.inspection.proxy import HEADERS, certificate_text, refusal_text, row_of


def test_what_is_not_as_it_should_be_stands_out() -> None:
    refusal = Refusal(proxy="shop/web", resource="HTTPRoute shop/web", detail="bad regex")
    lost = Proxy(name="shop/web", account="shop/web", refused=(refusal,))

    row = dict(zip(HEADERS, row_of(lost, now=0.0), strict=True))

    assert (row["CONNECTED"], row["IN SYNC"], row["REFUSED"]) == ("NO", "NO", "1")
    assert refusal_text(refusal) == "HTTPRoute shop/web: bad regex"


def test_a_certificate_shows_how_long_it_is_good() -> None:
    assert certificate_text(7200.0, now=0.0) == "2h left"
    assert certificate_text(10.0, now=10.0) == "EXPIRED"
    assert certificate_text(None, now=10.0) == "-"
