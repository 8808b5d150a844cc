"""Who is let in, by certificates of every kind. The handshake itself is in the contract tests."""

import grpc
import pytest
from tests.unit.serve.test_errors import AbortError, Context

from tulle.model.names import AccountRef, SpiffeId, WorkloadRef
from tulle.pki.authorities import new_intermediate, new_root
from tulle.pki.issuing import Issued, issue
from tulle.pki.requests import check_request, new_request
from tulle.serve.peers import Caller, caller_of

NOW = 1_800_000_000.0


class Call(Context):
    """A call by the holder of a certificate."""

    def __init__(self, pem: str | None) -> None:
        super().__init__()
        self._pem = pem

    def auth_context(self) -> dict[str, list[bytes]]:
        return {"x509_pem_cert": [self._pem.encode()]} if self._pem else {}


def certificate(
    identity: str = "spiffe://mesh.local/ns/shop/sa/web",
    dns_name: str = "web-abcde.shop.workload.tulle",
    made_at: float = NOW,
) -> str:
    signer = new_intermediate(new_root(identity.split("/")[2], made_at), made_at)
    key = check_request(new_request("x.tulle").csr_pem)
    issued = issue(signer, key, SpiffeId(identity), dns_name, made_at, 3600.0)  # type: ignore[arg-type]
    assert isinstance(issued, Issued), issued
    return issued.chain[0]


async def test_a_workload_is_who_its_certificate_says() -> None:
    caller = await caller_of(Call(certificate()), "mesh.local", lambda: NOW)
    assert caller == Caller(
        WorkloadRef("shop", "web-abcde"), AccountRef("shop", "web"), NOW + 3600.0
    )


@pytest.mark.parametrize(
    "pem",
    [
        None,
        "no certificate",
        certificate("spiffe://other.mesh/ns/shop/sa/web"),
        certificate("spiffe://mesh.local/ns/tulle-system/sa/control-plane", "control-plane.tulle"),
        certificate(dns_name="web-abcde.bank.workload.tulle"),
        certificate(made_at=NOW - 7200.0),
        certificate(made_at=NOW + 7200.0),
    ],
    ids=["none", "nonsense", "another mesh", "no workload", "another namespace", "old", "early"],
)
async def test_everybody_else_is_refused(pem: str | None) -> None:
    call = Call(pem)
    with pytest.raises(AbortError):
        await caller_of(call, "mesh.local", lambda: NOW)
    assert call.status is grpc.StatusCode.PERMISSION_DENIED
