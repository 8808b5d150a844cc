"""Why a port cannot be opened, for people: one wording for every door of the control plane."""

import errno
import socket

from tulle.model.problems import Problem
from tulle.settings import Address


def cannot_listen(flag: str, address: Address, error: OSError) -> Problem:
    """What the system has against listening at an address; `flag` is how to choose another."""
    here = "name one that is (`ip address` lists them), or 0.0.0.0 for all"
    what = f"cannot listen on {address}: "
    if isinstance(error, socket.gaierror):
        return Problem(flag, "address-unknown", f"{what}nobody knows the host {address.host}", here)
    match error.errno:
        case errno.EADDRINUSE:
            return port_taken(flag, address)
        case errno.EADDRNOTAVAIL:
            message = f"{what}{address.host} is no address of this machine"
            return Problem(flag, "address-not-local", message, here)
        case _:
            hint = f"choose another port: {flag} HOST:PORT (those below 1024 need privileges)"
            return Problem(flag, "port-forbidden", f"{what}{error.strerror}", hint)


def port_taken(flag: str, address: Address) -> Problem:
    """Another program listens there."""
    return Problem(
        flag,
        "port-taken",
        f"cannot listen on {address}: the port is taken",
        f"end what listens there (another `tulle server`?), or choose another: {flag} HOST:PORT",
    )
