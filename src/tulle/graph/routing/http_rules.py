"""The rules of one HTTPRoute, resolved: one HttpRule per match, each with its rank."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tulle.graph.ages import Age, age_of
from tulle.graph.mesh import DestinationRef, HttpRule
from tulle.graph.notes import origin_of
from tulle.graph.routing.matches import Rank, rank_of, read_match
from tulle.graph.routing.shares import read_filters, read_shares
from tulle.graph.services.backends import Backends, Refusal
from tulle.model.durations import seconds
from tulle.model.kinds.http_route import HTTPRoute, HTTPRouteMatch
from tulle.model.problems import Problem

DEFAULT_MATCHES = (HTTPRouteMatch(),)
"""A rule that says nothing of matches takes every request."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A rule and where it stands among all rules of its port."""

    rank: Rank
    age: Age
    place: tuple[int, int]
    rule: HttpRule

    @property
    def order(self) -> tuple[Rank, Age, tuple[int, int]]:
        """Sorts rules in the order they are tried."""
        return (self.rank, self.age, self.place)


@dataclass(frozen=True, slots=True)
class Rules:
    """What one HTTPRoute says, resolved against the services there are."""

    rules: tuple[Ranked, ...]
    refusals: tuple[Refusal, ...]
    problems: tuple[Problem, ...]

    def destinations(self) -> Iterator[DestinationRef]:
        """Every destination its shares reach."""
        return (share.to for ranked in self.rules for share in ranked.rule.shares if share.to)


def read_rules(route: HTTPRoute, backends: Backends) -> Rules:
    """All rules of a route, in the order they are written."""
    rules: list[Ranked] = []
    refusals: list[Refusal] = []
    problems: list[Problem] = []
    age = age_of(route.metadata)
    for index, spec in enumerate(route.spec.rules):
        field = f"spec.rules[{index}]"
        shares = read_shares(route, field, spec.backend_refs, backends)
        request, response = read_filters(spec.filters)
        refusals.extend(shares.refusals)
        problems.extend(shares.problems)
        for place, match in enumerate(spec.matches or DEFAULT_MATCHES):
            read = read_match(match)
            rule = HttpRule(
                match=read,
                shares=shares.shares,
                origin=origin_of(route, f"{field}.matches[{place}]" if spec.matches else field),
                name=spec.name,
                request_headers=request,
                response_headers=response,
                timeout_s=_seconds(spec.timeouts.request),
                backend_timeout_s=_seconds(spec.timeouts.backend_request),
            )
            rules.append(Ranked(rank_of(read), age, (index, place), rule))
    return Rules(tuple(rules), tuple(refusals), tuple(problems))


def in_order(rules: Sequence[Ranked]) -> tuple[HttpRule, ...]:
    """The rules of a port in the order they are tried, whatever order their routes came in."""
    return tuple(ranked.rule for ranked in sorted(rules, key=lambda ranked: ranked.order))


def _seconds(duration: str | None) -> float | None:
    return None if duration is None else seconds(duration)
