"""Joining and renewing: how workloads get certificates.

The identity comes from what is known of the caller, never from the signing request: a token says what its
bearer becomes, and works once; after that the certificate in hand is the way to the next one. An answer carries
the times of the certificate, which tell an agent how far its clock is off.
"""

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import grpc
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from tulle.model.kinds.workload import Workload, WorkloadSpec, WorkloadStatus
from tulle.model.names import AccountRef, WorkloadRef, spiffe_id
from tulle.model.problems import Problem
from tulle.model.resources import Condition, Metadata
from tulle.model.skew import SPEAKS_OF_ISSUE, Reader, said
from tulle.model.statuses import ConditionType, Reason, with_condition
from tulle.model.wire import (
    WORKLOAD_UNKNOWN,
    Credentials,
    JoinRequest,
    Refused,
    RenewRequest,
    encode,
    workload_dns_name,
)
from tulle.pki.issuing import issue
from tulle.pki.renewals import BACKDATE_BEFORE_S
from tulle.pki.requests import check_request
from tulle.pki.tokens import Token, TokenRecord, check_claims, read_token
from tulle.reconcile.authority import MeshAuthority
from tulle.reconcile.statuses import timestamp
from tulle.serve.errors import malformed, refuse, refused, store_errors
from tulle.serve.peers import Caller, caller_of, version_of
from tulle.store.contract import ABSENT, Put, Store
from tulle.store.errors import ConflictError, NotFound, StoreError

T = TypeVar("T")

_LETTERS = string.ascii_lowercase + string.digits
_SUFFIX_LENGTH = 5
_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class Issuance:
    """What issuing needs: who signs, for how long now, where workloads find their configuration.

    `drain_s` is the mesh's bound for replaced connections, which comes along: proxies take it when they start.
    """

    authority: MeshAuthority
    lifetime_s: Callable[[], float]
    drain_s: Callable[[], float]
    xds_address: Callable[[], str]
    renewed: Callable[[WorkloadRef, float], None]


class Certificates:
    """The service. `clock` counts Unix seconds."""

    def __init__(self, store: Store, issuance: Issuance, clock: Callable[[], float]) -> None:
        self._store = store
        self._issuance = issuance
        self._clock = clock

    async def join(self, data: bytes, context: grpc.aio.ServicerContext) -> bytes:
        """A token and a signing request in, credentials out; the Workload exists then, not ready yet."""
        request = await _read(data, _JOINING, context)
        key = await _key_of(request.csr, context)
        token = read_token(request.token)
        if isinstance(token, Problem):
            await refuse(context, refused(token))
        async with store_errors(context):
            record = await self._take(token, request, context)
            try:
                workload = await self._admit(record, _host_of(context.peer()))
            except StoreError:
                # Its bearer will ask again: a disk that was full must not have cost it its only token.
                await self._store.save_token(record)
                raise
        account = AccountRef(record.namespace, record.service_account)
        return await self._issue(workload, account, key, context)

    async def renew(self, data: bytes, context: grpc.aio.ServicerContext) -> bytes:
        """A signing request in, credentials for the same workload out, as long as the mesh knows it."""
        authority = self._issuance.authority
        caller = await caller_of(context, authority.trust_domain, self._clock)
        request = await _read(data, _RENEWING, context)
        key = await _key_of(request.csr, context)
        async with store_errors(context):
            is_known = await self._knows(caller)
        if not is_known:
            await refuse(context, unknown_workload(caller.workload))
        return await self._issue(caller.workload, caller.account, key, context)

    async def _take(
        self, token: Token, request: JoinRequest, context: grpc.aio.ServicerContext
    ) -> TokenRecord:
        """Use the token up; one that does not fit what its bearer claims is given back."""
        record = await self._store.take_token(token.id, token.secret_hash, self._clock())
        if record is None:
            await refuse(context, _TOKEN_USED)
        account = AccountRef(request.namespace, request.service_account)
        if problem := check_claims(record, account, request.labels):
            await self._store.save_token(record)
            await refuse(context, refused(problem))
        return record

    async def _admit(self, record: TokenRecord, host: str) -> WorkloadRef:
        """Create the Workload the token stands for. A name the token chose may come back as it was."""
        while True:
            ref = WorkloadRef(record.namespace, record.name or _new_name(record.service_account))
            workload = Workload(
                metadata=Metadata(
                    name=ref.name, namespace=ref.namespace, labels=dict(record.labels)
                ),
                spec=WorkloadSpec(address=host, service_account_name=record.service_account),
                status=WorkloadStatus(conditions=with_condition((), _JOINED, self._now())),
            )
            known = await self._find(ref) if record.name else None
            try:
                if known is None:
                    new = [Put(workload, ABSENT), Put(workload, ABSENT, status_only=True)]
                    await self._store.write(new)
                else:
                    await self._store.write([Put(workload, known.metadata.resource_version)])
            except (ConflictError, NotFound):
                continue
            return ref

    def _now(self) -> str:
        return timestamp(self._clock())

    async def _knows(self, caller: Caller) -> bool:
        found = await self._find(caller.workload)
        return found is not None and found.spec.service_account_name == caller.account.name

    async def _find(self, ref: WorkloadRef) -> Workload | None:
        return (await self._store.world()).get(Workload, ref.namespace, ref.name)

    async def _issue(
        self,
        workload: WorkloadRef,
        account: AccountRef,
        key: ec.EllipticCurvePublicKey,
        context: grpc.aio.ServicerContext,
    ) -> bytes:
        authority, now = self._issuance.authority, self._clock()
        issued = issue(
            authority.current,
            key,
            spiffe_id(authority.trust_domain, account),
            workload_dns_name(workload.namespace, workload.name),
            now,
            self._issuance.lifetime_s(),
        )
        if isinstance(issued, Problem):
            await refuse(context, refused(issued))
        self._issuance.renewed(workload, issued.not_after)
        # Who is not told when it was made reckons from its beginning.
        told = said(context.invocation_metadata()) >= SPEAKS_OF_ISSUE
        return encode(
            Credentials(
                namespace=workload.namespace,
                workload=workload.name,
                service_account=account.name,
                trust_domain=authority.trust_domain,
                chain=issued.chain,
                roots=authority.roots.pems,
                not_before=issued.not_before if told else now - BACKDATE_BEFORE_S,
                not_after=issued.not_after,
                xds_address=self._issuance.xds_address(),
                connection_drain_s=self._issuance.drain_s(),
                issued_at=now if told else None,
            )
        )


_JOINED = Condition(
    type=ConditionType.READY,
    status="False",
    reason=Reason.STARTING,
    message="it has joined; where its proxy listens is not known yet",
)

_TOKEN_USED = Refused(
    code="token-used",
    message="the join token was used already, has expired, or was not made by this mesh",
    hint="a token lets one workload in, once: make another with `tulle token create`",
)


def unknown_workload(workload: WorkloadRef) -> Refused:
    """The certificate is good, but what it names was deleted."""
    return Refused(
        code=WORKLOAD_UNKNOWN,
        message=f"the mesh does not know the workload {workload} (any more)",
        hint="remove its state directory and join with a new token: tulle token create",
    )


def _new_name(account: str) -> str:
    suffix = "".join(secrets.choice(_LETTERS) for _ in range(_SUFFIX_LENGTH))
    return f"{account[: _LONGEST_NAME - _SUFFIX_LENGTH - 1].rstrip('-.')}-{suffix}"


def _host_of(peer: str) -> str:
    """The address in gRPC's name of a peer (`ipv4:10.0.0.6:40312`, `ipv6:%5B::1%5D:40312`)."""
    family, _, rest = peer.partition(":")
    host = rest.rpartition(":")[0].replace("%5B", "").replace("%5D", "").strip("[]")
    return host.partition("%25")[0] if family in {"ipv4", "ipv6"} and host else "127.0.0.1"


_JOINING: Reader[JoinRequest] = Reader(JoinRequest)
_RENEWING: Reader[RenewRequest] = Reader(RenewRequest)


async def _read(data: bytes, reader: Reader[T], context: grpc.aio.ServicerContext) -> T:
    try:
        found = reader.read(data, await version_of(context))
    except msgspec.MsgspecError as error:
        await refuse(context, malformed(error))
    assert found is not None  # only frames of a union can be strange
    return found


async def _key_of(csr: str, context: grpc.aio.ServicerContext) -> ec.EllipticCurvePublicKey:
    key = check_request(csr)
    if isinstance(key, Problem):
        await refuse(context, refused(key))
    return key
