"""The plans of the capture goldens, by name. Control groups stand in for any: `nft` takes those that exist."""

from ipaddress import ip_address, ip_network

from tulle.capture.plans import (
    Cgroup,
    Exclusions,
    NamespaceScope,
    Plan,
    ProgramScope,
    Scope,
)
from tulle.model.names import WorkloadRef

HOME = "CGROUPS"
"""Where a machine's control groups come into the text."""
APP = Cgroup(f"{HOME}/tulle/tulle_0123456789ab/program", 3)
PROXY = Cgroup(f"{HOME}/tulle/tulle_0123456789ab/proxy", 3)
EVERYTHING_EXCLUDED = Exclusions(
    outbound_ports=(25, 587),
    outbound_networks=(ip_network("10.1.0.0/16"), ip_network("fd00:1::/32")),
    users=(0, 33),
    groups=(4,),
    inbound_ports=(9100,),
    inbound_networks=(ip_network("10.0.0.1/32"), ip_network("fe80::/10")),
)


NOTHING_EXCLUDED = Exclusions()


def plan(
    scope: Scope, exclusions: Exclusions = NOTHING_EXCLUDED, dns_port: int | None = None
) -> Plan:
    return Plan(
        table="tulle_0123456789ab",
        workload=WorkloadRef("shop", "web-1"),
        scope=scope,
        proxy=PROXY,
        outbound_port=15001,
        inbound_port=15006,
        token=0x5EC0DE17,
        exclusions=exclusions,
        dns_port=dns_port,
    )


PROGRAM = ProgramScope(APP, (9080, 9443), ip_address("10.0.0.6"))
PLANS = {
    "program": plan(PROGRAM),
    "program-excluded": plan(PROGRAM, EVERYTHING_EXCLUDED, dns_port=15053),
    "program-ipv6": plan(ProgramScope(APP, (9080,), ip_address("fd77::6"))),
    "program-client": plan(ProgramScope(APP, (), ip_address("10.0.0.6"))),
    "namespace": plan(NamespaceScope((15009,))),
    "namespace-excluded": plan(NamespaceScope((15009, 15021)), EVERYTHING_EXCLUDED, dns_port=15053),
}
