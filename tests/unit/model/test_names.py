"""Names and their text forms: other systems depend on every one of them."""

import pytest

from tulle.model.names import (
    AccountRef,
    ResourceKey,
    ServiceRef,
    WorkloadRef,
    account_of,
    spiffe_id,
    trust_domain_of,
)


def test_references_read_as_namespace_and_name() -> None:
    assert [str(ref("shop", "web")) for ref in (ServiceRef, WorkloadRef, AccountRef)] == [
        "shop/web",
        "shop/web",
        "shop/web",
    ]


def test_a_key_says_its_kind_and_no_namespace_where_there_is_none() -> None:
    assert str(ResourceKey("Service", "shop", "web")) == "Service shop/web"
    assert str(ResourceKey("Mesh", "", "default")) == "Mesh default"


def test_keys_are_ordered_by_kind_then_namespace_then_name() -> None:
    keys = [ResourceKey("B", "a", "a"), ResourceKey("A", "b", "a"), ResourceKey("A", "a", "b")]

    assert sorted(keys) == [keys[2], keys[1], keys[0]]


def test_an_identity_names_its_account_and_its_trust_domain() -> None:
    identity = spiffe_id("mesh.local", AccountRef("shop", "web"))

    assert identity == "spiffe://mesh.local/ns/shop/sa/web"
    assert account_of(identity) == AccountRef("shop", "web")
    assert trust_domain_of(identity) == "mesh.local"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "spiffe://mesh.local",
        "spiffe:///ns/shop/sa/web",
        "spiffe://mesh.local/ns//sa/web",
        "spiffe://mesh.local/ns/shop/sa/",
        "spiffe://mesh.local/ns/shop/sa/web/extra",
        "spiffe://mesh.local/sa/shop/ns/web",
        "SPIFFE://mesh.local/ns/shop/sa/web",
        "https://mesh.local/ns/shop/sa/web",
        "x spiffe://mesh.local/ns/shop/sa/web",
    ],
)
def test_no_other_text_names_an_account(text: str) -> None:
    assert account_of(text) is None


def test_what_is_no_spiffe_id_has_no_trust_domain() -> None:
    assert trust_domain_of("https://mesh.local/ns/shop") == ""
    assert trust_domain_of("") == ""
    assert trust_domain_of("spiffe://other/anything") == "other"
