"""When to renew a certificate, and what to say when clocks disagree. Unix seconds everywhere."""

from tulle.model.problems import Problem

BACKDATE_S = 5400.0
"""Every certificate starts this long before it was made: a clock that is an hour off, by a wrong zone or by summer time
taken for winter's, must not part a mesh."""

BACKDATE_BEFORE_S = 60.0
"""The same where it is not said when a certificate was made: as it was when nobody said so."""

SET_CLOCKS = "set the clocks of both machines by NTP (timedatectl shows it), and try again"
"""The way out whenever clocks disagree."""


def renew_at(obtained_at: float, not_after: float, jitter: float) -> float:
    """Half of the certificate's life, a twentieth sooner or later: `jitter` in [0, 1) spreads a fleet over that.

    Its life begins when it was obtained, not at its backdated start: the difference is all of a short life.
    """
    return obtained_at + (not_after - obtained_at) * (0.45 + 0.1 * jitter)


def pause_s(wanted_s: float, left_s: float) -> float:
    """How long to wait after a renewal that failed, of a certificate with so much life left.

    The less is left, the sooner: a control plane that is back at the last moment is not missed.
    """
    return min(wanted_s, max(0.5, left_s / 8))


def issue_time(issued_at: float | None, not_before: float) -> float:
    """When a certificate of ours was made, by the clock of the control plane; None where it does not say."""
    return not_before + BACKDATE_BEFORE_S if issued_at is None else issued_at


def check_clock(made_at: float, not_before: float, not_after: float, now: float) -> Problem | None:
    """Why a certificate that was made this moment is of no use here: the two machines' clocks differ.

    `made_at` is by the control plane's clock; `now` is ours.
    """
    if not_before <= now < not_after:
        return None
    ahead_s = now - made_at
    direction = "ahead of" if ahead_s > 0 else "behind"
    return Problem(
        "",
        "clock-skew",
        f"this machine's clock is {abs(ahead_s):.0f} s {direction} the control plane's, "
        "so the new certificate is not valid here",
        SET_CLOCKS,
    )
