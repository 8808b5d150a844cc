"""When to renew a certificate, when to try again, and what to say when clocks disagree. Unix seconds everywhere."""

from tulle.model.problems import Problem
from tulle.pki.authorities import BACKDATE_S

RETRY_FIRST_S = 1.0
RETRY_MOST_S = 60.0


def renew_at(not_before: float, not_after: float, jitter: float) -> float:
    """Half of the certificate's life, give or take a tenth: `jitter` in [0, 1) spreads a fleet over that.

    Its life begins when it was issued, not at its backdated start: the difference is all of a short life.
    """
    issued_at = issue_time(not_before, not_after)
    return issued_at + (not_after - issued_at) * (0.4 + 0.2 * jitter)


def retry_in(failures: int, jitter: float) -> float:
    """Seconds to wait after so many failures in a row (1 or more): doubling up to a minute, spread by jitter."""
    most = min(RETRY_MOST_S, RETRY_FIRST_S * 2.0 ** min(failures - 1, 16))
    return most * (0.5 + 0.5 * jitter)


def issue_time(not_before: float, not_after: float) -> float:
    """When a certificate of ours was made."""
    return min(not_before + BACKDATE_S, not_after)


def check_clock(not_before: float, not_after: float, now: float) -> Problem | None:
    """Why a certificate that was made this moment is of no use here: the two machines' clocks differ.

    The control plane's clock is in the certificate; `now` is ours.
    """
    if not_before <= now < not_after:
        return None
    ahead_s = now - issue_time(not_before, not_after)
    direction = "ahead of" if ahead_s > 0 else "behind"
    return Problem(
        "",
        "clock-skew",
        f"this machine's clock is {abs(ahead_s):.0f} s {direction} the control plane's, "
        "so the new certificate is not valid here",
        "set both clocks (NTP), then start again",
    )
