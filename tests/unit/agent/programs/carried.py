"""A workload without a proxy, for tenants: it writes down what its tenant says."""

from tulle.agent.deadline import Deadline
from tulle.agent.tenants import Given


class Written:
    """`said` is all of it in order."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.proxy_runs = True
        self.said: list[str] = []

    def report_health(self, healthy: bool, reason: str) -> None:
        self.said.append("healthy" if healthy else reason)

    async def leave(self, deadline: Deadline) -> None:
        self.said.append("leave")

    async def drain(self, deadline: Deadline) -> None:
        self.said.append("drain")
