"""SPIFFE IDs are believed in exactly our form."""

import pytest

from tulle.model.names import AccountRef
from tulle.model.problems import Problem
from tulle.pki.spiffe import Identity, is_trust_domain, read_identity


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("spiffe://mesh.local/ns/shop/sa/web", Identity("mesh.local", AccountRef("shop", "web"))),
        ("spiffe://a_b/ns/s-1/sa/web.v2", Identity("a_b", AccountRef("s-1", "web.v2"))),
    ],
)
def test_our_form_is_read_and_written_alike(text: str, identity: Identity) -> None:
    assert read_identity(text) == identity
    assert identity.spiffe_id == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "spiffe://",
        "spiffe://mesh.local",
        "spiffe:///ns/shop/sa/web",
        "https://mesh.local/ns/shop/sa/web",
        "SPIFFE://mesh.local/ns/shop/sa/web",
        "spiffe://Mesh.local/ns/shop/sa/web",
        "spiffe://mesh.local:80/ns/shop/sa/web",
        "spiffe://user@mesh.local/ns/shop/sa/web",
        "spiffe://mesh.local/ns/shop/sa/web/",
        "spiffe://mesh.local/ns/shop/sa/web/x",
        "spiffe://mesh.local//ns/shop/sa/web",
        "spiffe://mesh.local/ns//sa/web",
        "spiffe://mesh.local/ns/shop/sa/",
        "spiffe://mesh.local/ns/shop/sa/..",
        "spiffe://mesh.local/ns/shop/sa/we%62",
        "spiffe://mesh.local/ns/shop/sa/web?x=1",
        "spiffe://mesh.local/ns/shop/sa/web#x",
        "spiffe://mesh.local/ns/shop/sa/web\n",
        "spiffe://mesh.local/ns/shop/sa/wéb",
        "spiffe://mesh.local/sa/web/ns/shop",
        "spiffe://mesh.local/ns/shop/sa/" + "a" * 3000,
    ],
)
def test_anything_else_is_a_problem(text: str) -> None:
    found = read_identity(text)

    assert isinstance(found, Problem)
    assert found.code == "spiffe-id-malformed"
    assert len(str(found)) < 500


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("mesh.local", True), ("m", True), ("a_b", True), ("", False), ("-a", False), ("A", False)],
)
def test_trust_domains_are_lower_case_names(text: str, verdict: bool) -> None:
    assert is_trust_domain(text) is verdict
