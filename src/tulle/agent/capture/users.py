"""Users and groups to exclude from capture, as this host numbers them."""

import grp
import pwd
from collections.abc import Callable, Sequence
from dataclasses import replace

from tulle.agent.errors import AgentError
from tulle.capture.plans import Exclusions
from tulle.capture.wishes import Wish


def excluding(wish: Wish) -> Exclusions:
    """What a wish excludes, in numbers. Raises AgentError for a name this host does not know."""
    return replace(
        wish.exclusions,
        users=_numbers(wish.users, lambda name: pwd.getpwnam(name).pw_uid, "user"),
        groups=_numbers(wish.groups, lambda name: grp.getgrnam(name).gr_gid, "group"),
    )


def _numbers(names: Sequence[str], number: Callable[[str], int], kind: str) -> tuple[int, ...]:
    return tuple(sorted({_number(name, number, kind) for name in names}))


def _number(name: str, number: Callable[[str], int], kind: str) -> int:
    if name.isdecimal():
        return int(name)
    try:
        return number(name)
    except KeyError as error:
        message = f"this host has no {kind} {name!r} to exclude from capture"
        hint = "check its spelling, or give its number"
        raise AgentError(f"{kind}-unknown", message, hint) from error
