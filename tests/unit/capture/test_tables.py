import json

import msgspec
import pytest

from tulle.capture.tables import Table, is_ours, read_tables, table_name

NAME = table_name("/var/lib/tulle/web")


def listing(*objects: object) -> bytes:
    """As `nft -j list ruleset` says it."""
    return json.dumps({"nftables": [{"metainfo": {"version": "1.0.6"}}, *objects]}).encode()


def rule(chain: str, packets: int, table: str = NAME, family: str = "inet") -> object:
    counter = {"counter": {"packets": packets, "bytes": 60 * packets}}
    expr = [{"match": {"op": "==", "left": 1, "right": 2}}, counter, {"reject": None}]
    return {"rule": {"family": family, "table": table, "chain": chain, "handle": 3, "expr": expr}}


def table(name: str = NAME, family: str = "inet") -> object:
    return {"table": {"family": family, "name": name, "handle": 1}}


def test_a_name_is_the_same_for_one_state_folder_and_another_for_another() -> None:
    assert table_name("/a") == table_name("/a") != table_name("/b")
    assert is_ours(table_name("/a"))


@pytest.mark.parametrize("name", ["filter", "tulle", "tulle_", "tulle_xyz", f"{NAME}0", "nat"])
def test_tables_of_others_are_not_ours(name: str) -> None:
    assert not is_ours(name)
    assert read_tables(listing(table(name))) == ()


def test_what_guards_refused_is_counted_by_guard() -> None:
    found = read_tables(
        listing(
            table(),
            {"chain": {"family": "inet", "table": NAME, "name": "outbound", "handle": 1}},
            rule("guard-outbound", 2),
            rule("guard-inbound", 3),
            rule("guard-inbound", 4),
            rule("guard-proxy", 5),
            rule("outbound", 99),
        )
    )

    assert found == (Table(NAME, 2, 7, 5),)


def test_which_control_groups_the_kernel_has_seen_is_told_in_their_order() -> None:
    (found,) = read_tables(listing(table(), rule("self-check", 1), rule("self-check", 0)))

    assert found.told_apart == (True, False)


def test_a_table_of_our_name_in_another_family_is_not_ours() -> None:
    assert read_tables(listing(table(family="ip"), rule("guard-inbound", 1, family="ip"))) == ()


def test_named_counters_and_unknown_objects_are_passed_over() -> None:
    named = rule("guard-proxy", 0)
    named["rule"]["expr"] = [{"counter": "theirs"}, {"accept": None}]  # type: ignore[index]

    assert read_tables(listing(table(), named, {"flowtable": {"name": "x"}})) == (Table(NAME),)


def test_what_is_no_listing_is_refused() -> None:
    with pytest.raises(msgspec.MsgspecError):
        read_tables(b'{"other": []}')
