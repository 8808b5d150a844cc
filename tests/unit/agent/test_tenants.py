"""The two sides fit, whichever form they have: checked by the type checker where they meet, and named here."""

import inspect

import msgspec
from tests.unit.agent.programs.carried import Written

from tulle.agent.programs.tenant import NoTenant, ProgramTenant
from tulle.agent.tenants import Carried, Given, Tenant


def members(protocol: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(protocol) if not name.startswith("_")}


def test_tenants_of_our_own_are_tenants():
    assert members(Tenant) <= members(ProgramTenant)
    assert members(Tenant) <= members(NoTenant)


def test_what_tests_give_tenants_has_all_they_may_ask_for():
    assert members(Carried) - {"given", "proxy_runs"} <= members(Written)


def test_what_a_later_version_gives_is_read_as_far_as_it_is_known():
    later = b'{"httpProxyPort": 3128, "moon": "full"}'

    assert msgspec.json.decode(later, type=Given) == Given(http_proxy_port=3128)
