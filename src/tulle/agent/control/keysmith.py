"""Makes keys, and requests for certificates of them, in a process that lives for nothing else.

    python -I -m tulle.agent.control.keysmith DNS_NAME

What makes a key weighs 4 MB in an agent (9 MB resident) and is needed twice a day. The child says key and
request on its standard output, a pipe only its parent reads, and ends. Where cryptography is loaded anyway
(`tulle up`, whose process is a control plane too) there is nothing to save, and no child.
"""

import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE

import msgspec

from tulle.agent.errors import AgentError
from tulle.agent.programs.children import Child, start_child


class NewKey(msgspec.Struct, frozen=True, array_like=True):
    """A fresh key and the request for its certificate, both PEM."""

    private_key: str
    csr: str

    def __repr__(self) -> str:
        return "NewKey(redacted)"


async def new_key(dns_name: str) -> NewKey:
    """A new key with a request for it; the name is for readers only. Raises AgentError."""
    if "cryptography" in sys.modules:
        return _make(dns_name)
    return await made_by_child(dns_name)


async def made_by_child(dns_name: str) -> NewKey:
    """The same, in a process of its own."""
    command = (sys.executable, "-I", "-m", __name__, dns_name)
    environ = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    child = await start_child(Child(command, environ, signal.SIGKILL), stdout=PIPE, stderr=DEVNULL)
    said, _ = await child.communicate()
    try:
        return msgspec.json.decode(said, type=NewKey)
    except msgspec.MsgspecError as error:
        raise AgentError(
            "key-not-made",
            f"no key could be made (exit code {child.returncode})",
            "is the installation whole? `python -m pip check` says",
        ) from error


def _make(dns_name: str) -> NewKey:
    from tulle.pki.requests import new_request

    made = new_request(dns_name)
    return NewKey(made.private_key_pem.decode(), made.csr_pem)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(_make(sys.argv[1])))
