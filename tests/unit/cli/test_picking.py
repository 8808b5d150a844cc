"""Finding the proxy somebody means."""

import pytest

from tulle.cli.errors import CliError
from tulle.cli.picking import pick_workload
from tulle.model.names import WorkloadRef

KNOWN = [WorkloadRef("shop", "web"), WorkloadRef("shop", "cart"), WorkloadRef("test", "web")]


def test_a_bare_name_will_do_where_it_is_unique() -> None:
    assert pick_workload("cart", KNOWN, "--proxy") == WorkloadRef("shop", "cart")


def test_a_namespace_tells_two_of_one_name_apart() -> None:
    assert pick_workload("test/web", KNOWN, "--proxy") == WorkloadRef("test", "web")


def test_a_name_that_two_have_is_refused_and_both_are_named() -> None:
    with pytest.raises(CliError) as caught:
        pick_workload("web", KNOWN, "--proxy")

    assert caught.value.message == "--proxy web: 2 workloads have that name"
    assert caught.value.hint == "say which: shop/web, test/web"


def test_an_unknown_name_is_refused_and_those_that_are_there_are_named() -> None:
    with pytest.raises(CliError) as caught:
        pick_workload("shop/nobody", KNOWN, "--from")

    assert caught.value.code == "workload-unknown"
    assert caught.value.hint == "there are: shop/cart, shop/web, test/web"


def test_a_mesh_without_workloads_says_so() -> None:
    with pytest.raises(CliError) as caught:
        pick_workload("web", [], "--from")

    assert caught.value.hint == "there are no workloads at all"
