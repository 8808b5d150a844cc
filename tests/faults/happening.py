"""Makes faults happen: each is a block that lasts as long as the fault does.

What a fault takes time for is slept through: that is the fault, and no waiting for anything.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator

from tests.faults.crowd import crowd
from tests.faults.place import CHANGE, Place, agent_of
from tests.faults.words import (
    Agent,
    App,
    AuthorityAway,
    ClockStep,
    Crowd,
    Cut,
    Envoy,
    Fault,
    Freeze,
    HostAgent,
    Kill,
    NeverAcks,
    Server,
    Slow,
    StoreFull,
    Target,
)
from tests.mesh.meshes import wait_until

NOTICED_S = 32.0
"""A silent agent is missed after 20 s and given up after 10 more; a cut that lasts longer must have been noticed."""


def happen(fault: Fault, place: Place, seed: int) -> float:  # noqa: C901 - one case for each
    """From its beginning to its end, with everything started again that nobody else starts.

    Returns when recovery could begin, of the monotonic clock: at the kill, or when what was away is back.
    """
    match fault:
        case Kill(what=what, times=times, along_with=None):
            return [_kill(what, place) for _ in range(times)][-1]
        case Kill(what=what):
            place.kill_server()
            killed = _kill(what, place)
            place.until_carried()
            place.restart_server()
            return killed
        case Freeze(what=what, for_s=for_s):
            with _frozen(place.pid(what)):
                time.sleep(for_s)
        case Cut():
            _cut(fault, place)
        case Slow(first=first, second=second, shape=shape, for_s=for_s):
            with place.net.slow(first, second, shape, seed=seed):
                place.change()
                time.sleep(for_s)
        case StoreFull(for_s=for_s):
            _fill_store(place, for_s)
        case ClockStep(host=host, by_s=by_s, for_s=for_s):
            with _other_time(place, host, by_s):
                time.sleep(for_s)
        case AuthorityAway(back_before_s=back_before_s):
            return _authority_away(place, back_before_s)
        case Crowd(agents=agents):
            return _crowd(place, agents)
        case NeverAcks(who=who):
            _never_acks(place, who)
    return time.monotonic()


def _kill(what: Target, place: Place) -> float:
    place.kill(what)
    killed = time.monotonic()
    match what:
        case Server():
            place.server.wait()
            place.restart_server()
        case Agent(of=of) | App(of=of):
            # A program that ended ends its agent: a service manager starts both again.
            place.running[of].wait()
            place.start_again(of)
        case HostAgent(of=of):
            place.running[agent_of(of)].wait()
            place.start_again(agent_of(of))
        case Envoy():
            pass  # its agent's task
    return killed


def _cut(fault: Cut, place: Place) -> None:
    with place.net.cut(fault.first, fault.second, one_way=fault.one_way):
        time.sleep(fault.for_s)
        if fault.for_s >= NOTICED_S:
            lost = sorted(place.lost())
            assert lost == sorted(place.behind(fault.second)), f"given up: {lost}"


def _crowd(place: Place, agents: int) -> float:
    with crowd(place, agents) as come_back:
        killed = _kill(Server(), place)
        come_back()
        return killed


@contextlib.contextmanager
def _frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _fill_store(place: Place, for_s: float) -> None:
    """Not a block is left on the store's disk; a change is refused, with a reason, and nothing half-applied."""
    control = place.net["control"]
    filler = str(place.disk / "filler")
    control.run("sh", "-c", f"cat /dev/zero > {filler}", check=False)
    try:
        wait_until(lambda: "full" in _large_change(place), "a change is refused, with the reason")
        time.sleep(for_s)
    finally:
        control.run("rm", filler)


def _large_change(place: Place) -> str:
    """What the command line says of a change; the store's log may have room for a few of them yet."""
    large = f"metadata: {{annotations: {{filler: {'x' * 100_000}}}, "
    change = CHANGE.format(turn="full").replace("metadata: {", large)
    return place.cli("apply", "-f", "-", stdin=change, check=False).stderr


@contextlib.contextmanager
def _other_time(place: Place, host: str, by_s: int) -> Iterator[None]:
    place.set_clock(host, by_s)
    try:
        yield
    finally:
        place.set_clock(host, 0)


def _authority_away(place: Place, back_before_s: float) -> float:
    """Gone as soon as every certificate was renewed, so that all of them come due while it is away."""
    before = place.certificate_ends()
    wait_until(lambda: _all_later(before, place.certificate_ends()), "every certificate is renewed")
    ends = place.certificate_ends().values()
    place.kill_server()
    place.closed_from = min(ends)
    back_at = (min(ends) if back_before_s > 0 else max(ends)) - back_before_s
    time.sleep(max(0.0, back_at - time.monotonic()))
    assert place.lets_in() is (back_before_s > 0), "new connections and ended certificates"
    back = time.monotonic()
    place.restart_server()
    if back_before_s < 0:
        place.invite_again()  # a certificate that has ended renews nothing: only a new token does
    return back


def _all_later(before: dict[str, float], after: dict[str, float]) -> bool:
    return all(after.get(name, 0.0) > end + 1 for name, end in before.items())


def _never_acks(place: Place, who: str) -> None:
    """Everybody else has the change at once, and whoever waits for it is told who has not."""
    with _frozen(place.pid(Envoy(who))):
        place.turn += 1
        change = CHANGE.format(turn=place.turn)
        waited = place.cli(
            "apply", "--wait", "--timeout", "3s", "-f", "-", stdin=change, check=False
        )
        named = [name for name in place.running if f"test/{name}-" in waited.stderr]
        assert waited.returncode != 0
        assert named == [who], waited.stderr
