"""What a workload would be told, and why, in plain values: `tulle dns query` prints it."""

from collections.abc import Mapping
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
from dns.rrset import RRset

from tulle.dns.answers import Forward, answer
from tulle.dns.messages import Objection, read
from tulle.dns.zones import Zone
from tulle.model.problems import Problem


@dataclass(frozen=True, slots=True)
class Told:
    """The answer's response code and records as text, what it comes from, and why. `forwarded`: the name others are asked."""

    rcode: str
    records: tuple[str, ...]
    origins: tuple[str, ...]
    reason: str
    forwarded: str = ""

    def facts(self) -> Mapping[str, object]:
        """For programs."""
        return {
            "rcode": self.rcode,
            "records": list(self.records),
            "origins": list(self.origins),
            "reason": self.reason,
            "forwarded": self.forwarded,
        }


def explain(zone: Zone, name: str, rdtype: str) -> Told | Problem:
    """What the zone says to a question as people write it."""
    try:
        query = read(dns.message.make_query(name, rdtype.upper(), id=0).to_wire())
    except (dns.exception.DNSException, ValueError) as error:
        message = f"{name!r} {rdtype} is no question: {error}"
        return Problem("", "dns-question-malformed", message, "write it like reviews.shop AAAA")
    if query is None or isinstance(query, Objection):
        message = f"{rdtype.upper()} is nothing a program is answered"
        return Problem("", "dns-type-refused", message, "ask for A, AAAA, SRV, PTR or CNAME")
    found = answer(zone, query)
    if isinstance(found, Forward):
        target = found.name.to_text()
        reason = f"the mesh does not know {target}: the host's own name servers are asked"
        return Told("", _texts(found.before), found.origins, reason, target)
    message_ = found.message
    rcode = dns.rcode.to_text(message_.rcode())
    records = _texts((*message_.answer, *message_.additional))
    return Told(rcode, records, found.origins, found.reason)


def _texts(rrsets: tuple[RRset, ...]) -> tuple[str, ...]:
    return tuple(line for rrset in rrsets for line in rrset.to_text().splitlines())
