"""Who is calling: the workload in the certificate that the TLS handshake verified."""

from collections.abc import Callable
from dataclasses import dataclass

import grpc

from tulle.model.names import AccountRef, WorkloadRef
from tulle.model.problems import Problem
from tulle.model.skew import OURS, said, too_far
from tulle.model.wire import Refused
from tulle.pki.peers import JOIN_ANEW, peer_of
from tulle.serve.errors import refuse, refused


@dataclass(frozen=True, slots=True)
class Caller:
    """A workload of our trust domain. `not_after` is when its certificate ends, in Unix seconds."""

    workload: WorkloadRef
    account: AccountRef
    not_after: float


async def version_of(context: grpc.aio.ServicerContext) -> int:
    """The version of the wire the caller speaks, told ours; whoever is too far from it is refused."""
    theirs = said(context.invocation_metadata())
    refusal = too_far(theirs, they="agent", we="control plane")
    if refusal is not None:
        await refuse(context, refusal)
    await context.send_initial_metadata(OURS)
    return theirs


async def caller_of(
    context: grpc.aio.ServicerContext, trust_domain: str, clock: Callable[[], float]
) -> Caller:
    """The caller; whoever is none, or out of date, is refused."""
    certificates = context.auth_context().get("x509_pem_cert") or ()
    peer = (
        peer_of(certificates[0])
        if certificates
        else Problem("", "peer-unknown", "no certificate was shown", JOIN_ANEW)
    )
    if isinstance(peer, Problem):
        await refuse(context, refused(peer))
    if peer.trust_domain != trust_domain or peer.workload is None or not peer.is_valid_at(clock()):
        refusal = Refused(
            code="peer-unknown",
            message=f"{peer.spiffe_id} ({peer.dns_name}) is no workload of the mesh {trust_domain} now",
            hint=JOIN_ANEW,
        )
        await refuse(context, refusal)
    return Caller(peer.workload, peer.account, peer.not_after)
