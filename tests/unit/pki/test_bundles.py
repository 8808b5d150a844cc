"""Bundles are sets: order and repetition mean nothing."""

import random

import pytest
from cryptography.hazmat.primitives import hashes

from tulle.model.problems import Problem
from tulle.pki import bundles
from tulle.pki.authorities import new_intermediate, new_root
from tulle.pki.bundles import MAX_BUNDLE_BYTES, Bundle, merge, parse

NOW = 1_800_000_000.0
ROOTS = [new_root("mesh.local", NOW) for _ in range(4)]


def bundle_of(pems: list[str]) -> Bundle:
    found = parse("".join(pems))
    assert isinstance(found, Bundle)
    return found


def test_equal_sets_are_equal_bundles_whatever_the_order() -> None:
    pems = [root.root_pem for root in ROOTS]
    shuffled = random.Random(1).sample(pems, len(pems))

    assert bundle_of(pems) == bundle_of([*shuffled, shuffled[0]])
    assert bundle_of(pems).pem == bundle_of(shuffled).pem


def test_merging_trusts_everybody_any_of_them_trusts() -> None:
    one = bundle_of([ROOTS[0].root_pem, ROOTS[1].root_pem])
    other = bundle_of([ROOTS[1].root_pem, ROOTS[2].root_pem])

    assert merge(one, other) == bundle_of([root.root_pem for root in ROOTS[:3]])
    assert merge(one, one) == one


def test_a_root_can_be_dropped() -> None:
    both = bundle_of([ROOTS[0].root_pem, ROOTS[1].root_pem])
    old = ROOTS[0].certificate.fingerprint(hashes.SHA256()).hex()

    assert both.without([old]) == bundle_of([ROOTS[1].root_pem])
    assert old in both.fingerprints


def test_a_bundle_is_read_back_from_its_text() -> None:
    both = bundle_of([ROOTS[0].root_pem, ROOTS[1].root_pem])

    assert parse(both.pem) == both
    assert "".join(both.pems) == both.pem


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no certificate"),
        ("hello", "no certificate"),
        ("x" * (MAX_BUNDLE_BYTES + 1), "longer"),
        (ROOTS[0].root_pem[:200], "no certificate"),
        (ROOTS[0].root_pem + new_intermediate(ROOTS[0], NOW).certificate_pem, "no root"),
    ],
    ids=["empty", "text", "huge", "cut", "intermediate"],
)
def test_what_is_no_set_of_roots_is_a_problem(text: str, why: str) -> None:
    found = parse(text)

    assert isinstance(found, Problem)
    assert found.code == "bundle-malformed"
    assert why in found.message


def test_an_intermediate_is_no_root() -> None:
    assert bundles.is_root(ROOTS[0].certificate)
    assert not bundles.is_root(new_intermediate(ROOTS[0], NOW).certificate)
