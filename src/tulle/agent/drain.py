"""Leaving without hurting anybody, by one deadline: first no new callers, then no callers, then the end.

The endpoint leaves everywhere before anything here stops: a request that is on its way arrives, one that is
being answered is answered. What is still open at the deadline is cut, and that is said.
"""

from collections.abc import Awaitable, Callable

from tulle.agent.control.session import Session
from tulle.agent.deadline import Deadline
from tulle.agent.events import Notice

_LOOK_EVERY_S = 0.1


async def leave(session: Session, deadline: Deadline, tell: Callable[[Notice], None]) -> str:
    """Have the endpoint taken away everywhere; who could not be told is named.

    Returns the token to come back with, "" if the control plane gave none: then it still knows the workload.
    """
    left = await deadline.within(session.leave(deadline.left_s))
    if left is None:
        tell(Notice("the control plane is away: callers are not told that this workload leaves"))
    elif left.pending:
        tell(Notice(f"not known to have been told: {', '.join(left.pending)}"))
    return left.token if left else ""


async def wait_for_callers(
    open_connections: Callable[[], Awaitable[int]],
    deadline: Deadline,
    tell: Callable[[Notice], None],
) -> None:
    """Wait until nobody is connected, or the deadline.

    The server's side sees connections only. Callers' proxies close theirs to a workload that left as soon as
    no request is active on it, so for HTTP this means: until no request is active.
    """
    while (count := await open_connections()) and deadline.left_s:
        await deadline.pause(_LOOK_EVERY_S)
    if count:
        tell(Notice(f"{count} connections are still open at the deadline and will be cut"))
