import dataclasses
import re
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.golden.capture.plans import APP, PLANS, PROXY, plan

from tulle.capture.plans import Exclusions, NamespaceScope, Plan, ProgramScope
from tulle.capture.rulesets import removal, ruleset

PORTS = st.integers(1, 65535)
NETWORKS = st.one_of(
    st.ip_addresses(v=4).map(lambda a: ip_network(f"{a}/24", strict=False)),
    st.ip_addresses(v=6).map(lambda a: ip_network(f"{a}/64", strict=False)),
)


def some(what: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(what, max_size=3).map(tuple)


EXCLUSIONS = st.builds(
    Exclusions,
    outbound_ports=some(PORTS),
    outbound_networks=st.lists(NETWORKS, max_size=3).map(tuple),
    users=some(st.integers(0, 2**32 - 2)),
    groups=some(st.integers(0, 2**32 - 2)),
    inbound_ports=some(PORTS),
    inbound_networks=st.lists(NETWORKS, max_size=3).map(tuple),
)
SCOPES = st.one_of(
    st.builds(NamespaceScope, open_ports=st.just((15009,))),
    st.builds(
        ProgramScope,
        cgroup=st.just(APP),
        ports=some(PORTS),
        address=st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)),
    ),
)
MADE = st.builds(plan, SCOPES, EXCLUSIONS, st.none() | PORTS)


def chains(text: str) -> dict[str, list[str]]:
    """The rules of every chain, in order."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if match := re.match(r"  chain (\S+) \{", line):
            current = found.setdefault(match[1], [])
        elif line.startswith("    "):
            current.append(line.strip())
    return found


@given(MADE)
def test_it_touches_no_table_but_its_own(made: Plan) -> None:
    said = [line for line in ruleset(made).splitlines() if re.search(r"\btable\b", line)]

    assert [line.split(" {")[0] for line in said] == [
        f"add table inet {made.table}",
        f"delete table inet {made.table}",
        f"table inet {made.table}",
    ]


@given(MADE)
def test_what_is_redirected_outbound_is_refused_where_it_was_not(made: Plan) -> None:
    found = chains(ruleset(made))
    redirected = [rule for rule in found["outbound"] if "dport 53" not in rule]

    guard = [
        rule.replace("counter reject with tcp reset", f"redirect to :{made.outbound_port}")
        for rule in found["guard-outbound"]
    ]
    assert [rule for rule in redirected if not rule.startswith("type")] == [
        rule for rule in guard if not rule.startswith("type")
    ]


@given(MADE)
def test_no_rule_does_anything_to_udp_but_to_name_resolution(made: Plan) -> None:
    found = chains(ruleset(made))
    assert all(rule.endswith(("counter", "accept;")) for rule in found.pop("self-check"))
    udp = [rule for rules in found.values() for rule in rules if "udp" in rule]

    assert all("udp dport 53 redirect" in rule for rule in udp)
    assert bool(udp) == (made.dns_port is not None)


@given(MADE)
def test_the_last_word_of_every_guard_is_a_refusal(made: Plan) -> None:
    found = chains(ruleset(made))

    for guard in ("guard-outbound", "guard-inbound", "guard-proxy"):
        assert found[guard][-1].endswith("reject with tcp reset")


@given(MADE)
def test_nobody_is_told_by_not_being_the_proxy(made: Plan) -> None:
    assert not re.search(r"cgroupv2 level \d+ !=", ruleset(made))


@given(MADE)
def test_equal_plans_give_equal_text(made: Plan) -> None:
    assert ruleset(made) == ruleset(dataclasses.replace(made))


def test_a_family_without_networks_has_no_rule() -> None:
    only_v6 = plan(NamespaceScope(()), Exclusions(outbound_networks=(ip_network("fd00::/8"),)))

    assert chains(ruleset(only_v6))["pass-outbound"] == [
        "ip daddr 127.0.0.0/8 accept",
        "ip6 daddr ::1 accept",
        "ip6 daddr { fd00::/8 } accept",
    ]


def test_a_program_without_ports_has_no_neighbours_to_keep_away() -> None:
    client = plan(ProgramScope(APP, (), ip_address("10.0.0.6")))

    rules = chains(ruleset(client))["neighbours"]
    assert not any("redirect" in rule for rule in rules)


def test_a_declared_port_is_guarded_whoever_listens_there() -> None:
    """A service that starts again is in a control group the rules do not know yet."""
    found = chains(ruleset(PLANS["program"]))
    own = "ip daddr 10.0.0.6 tcp dport { 9080, 9443 }"

    assert any(f"{own} redirect to :15006" in rule for rule in found["inbound"])
    assert any(own in rule and "reject" in rule for rule in found["guard-inbound"])


def test_an_excluded_port_is_open_to_neighbours() -> None:
    scope = ProgramScope(APP, (9080, 9100), ip_address("10.0.0.6"))
    rules = chains(ruleset(plan(scope, Exclusions(inbound_ports=(9100,)))))["neighbours"]

    assert any("9080" in rule for rule in rules)
    assert not any("9100" in rule and "redirect" in rule for rule in rules)


@pytest.mark.parametrize("name", PLANS)
def test_the_proxy_itself_is_never_redirected(name: str) -> None:
    rules = chains(ruleset(PLANS[name]))["outbound"]
    mine = next((place for place, rule in enumerate(rules) if PROXY.path in rule), None)
    caught = [place for place, rule in enumerate(rules) if "redirect" in rule]

    if mine is None:
        assert all(APP.path in rules[place] for place in caught)
    else:
        assert mine < min(caught)
        assert rules[mine].endswith("accept")


def test_removal_is_no_error_where_nothing_is() -> None:
    assert removal("tulle_0") == "add table inet tulle_0\ndelete table inet tulle_0\n"
