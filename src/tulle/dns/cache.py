"""Answers of others, kept for as long as they said. Bounded; time comes in as a number of seconds."""

from collections import OrderedDict
from dataclasses import dataclass

import dns.rcode
import dns.rdatatype

from tulle.dns.forwarding import Answered, Question

MOST_ENTRIES = 4096
LONGEST_S = 3600
LONGEST_NEGATIVE_S = 300
"""Seconds: whoever says more is asked again all the same."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer and when it came."""

    answered: Answered
    since: float
    until: float

    def age_s(self, now: float) -> int:
        """Whole seconds it has been kept."""
        return max(0, int(now - self.since))


class Cache:
    """The most recently used answers; the one not asked for longest goes first."""

    def __init__(self, most: int = MOST_ENTRIES) -> None:
        self._most = most
        self._kept: OrderedDict[Question, Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, question: Question, now: float) -> Kept | None:
        """What is known, unless its time is over."""
        kept = self._kept.get(question)
        if kept is None:
            return None
        if kept.until <= now:
            del self._kept[question]
            return None
        self._kept.move_to_end(question)
        return kept

    def put(self, question: Question, answered: Answered, now: float) -> Kept:
        """Keep an answer if it may be kept at all; either way what it is now."""
        kept = Kept(answered, now, now + lifetime_s(answered))
        if kept.until > now:
            self._kept[question] = kept
            self._kept.move_to_end(question)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return kept

    def clear(self) -> None:
        """Forget everything: other servers may say something else."""
        self._kept.clear()


def lifetime_s(answered: Answered) -> int:
    """Seconds an answer may be kept (RFC 2308 for negative ones); 0 for errors, and for a denial without a SOA."""
    if answered.rcode not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        return 0
    if answered.rcode == dns.rcode.NOERROR and any(
        one.rdtype != dns.rdatatype.CNAME for one in answered.answer
    ):
        lives = [one.ttl for one in (*answered.answer, *answered.authority)]
        return min(*lives, LONGEST_S) if lives else 0
    denials = [one for one in answered.authority if one.rdtype == dns.rdatatype.SOA]
    if not denials:
        return 0
    chain = [one.ttl for one in answered.answer]
    return int(min(denials[0].ttl, denials[0][0].minimum, *chain, LONGEST_NEGATIVE_S))
