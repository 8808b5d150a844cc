"""Plans of captures that are not: what `tulle capture plan` prints, with stand-ins for what a start decides."""

import ipaddress
from collections.abc import Sequence

from tulle.agent.capture.users import excluding
from tulle.agent.ports import INBOUND_PORT, MTLS_PORT, OUTBOUND_PORT
from tulle.capture.plans import Cgroup, NamespaceScope, Plan, ProgramScope, Scope
from tulle.capture.wishes import Mode, Wish, read_wish
from tulle.model.kinds.workload import WorkloadPort
from tulle.model.names import WorkloadRef
from tulle.model.problems import Problem
from tulle.settings import FlagReader, Words, parse_port

_TABLE = "tulle_000000000000"
_FOLDER = f"tulle/{_TABLE}"
_LEVEL = 3
_ADDRESS = ipaddress.ip_address("192.0.2.1")


def sketch(flags: Words) -> Plan | tuple[Problem, ...]:
    """The plan of a workload with these flags of `tulle run`, or everything wrong with them.

    Raises AgentError for users this host does not have.
    """
    read = FlagReader(flags, {})
    wish, ports = read_wish(read), tuple(read.many("port", parse_port))
    if read.problems:
        return tuple(read.problems)
    return Plan(
        table=_TABLE,
        workload=WorkloadRef("NAMESPACE", "NAME"),
        scope=_scope(wish, ports),
        proxy=Cgroup(f"{_FOLDER}/proxy", _LEVEL),
        outbound_port=OUTBOUND_PORT,
        inbound_port=INBOUND_PORT,
        token=1,
        exclusions=excluding(wish),
    )


def _scope(wish: Wish, ports: Sequence[WorkloadPort]) -> Scope:
    if wish.mode is Mode.NETNS:
        return NamespaceScope((MTLS_PORT, *(probe.port for probe in wish.probes)))
    return ProgramScope(
        cgroup=Cgroup(f"{_FOLDER}/program", _LEVEL),
        ports=tuple(port.port for port in ports),
        address=_ADDRESS,
    )
