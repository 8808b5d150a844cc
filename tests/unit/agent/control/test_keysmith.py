import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tulle.agent.control.keysmith import NewKey, made_by_child, new_key


def fits(made: NewKey) -> bool:
    """Whether the request is one for the key."""
    key = load_pem_private_key(made.private_key.encode(), None)
    request = x509.load_pem_x509_csr(made.csr.encode())
    return request.is_signature_valid and request.public_key() == key.public_key()


@pytest.mark.parametrize("make", [new_key, made_by_child])
async def test_a_key_and_its_request_fit_wherever_they_are_made(make):
    one, other = await make("web-1.shop.workload.tulle"), await make("web-1.shop.workload.tulle")

    assert fits(one)
    assert one.private_key != other.private_key


async def test_a_key_is_in_nobodys_log():
    assert "PRIVATE" not in repr(await new_key("a.tulle"))


def test_an_agent_does_not_load_what_makes_keys():
    code = "import sys, tulle.agent.carrier; print('cryptography' in sys.modules)"
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
