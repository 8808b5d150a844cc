"""What a user asks of DNS, read from flags: `tulle run --dns … --dns-port …`. Pure, and light to load."""

from dataclasses import dataclass
from enum import StrEnum

from tulle.model.problems import Problem

OFF = "off"
"""What `--dns` says where the agent answers nothing."""


class DnsMode(StrEnum):
    """How a program's questions reach its agent.

    `PORT`: they do not, whoever wants to asks the port. `RESOLV_CONF`: by a resolv.conf only the program sees.
    `HOST`: by the host's own, replaced meanwhile. `REDIRECT`: whomever it asks, by the rules of capture.
    """

    PORT = "port"
    RESOLV_CONF = "resolv-conf"
    HOST = "host"
    REDIRECT = "redirect"

    @property
    def needs_port_53(self) -> bool:
        """A resolv.conf has no place for another."""
        return self in {DnsMode.RESOLV_CONF, DnsMode.HOST}


@dataclass(frozen=True, slots=True)
class Dns:
    """That the agent answers DNS. `port` None: any free one, the same as last time if possible."""

    mode: DnsMode
    port: int | None = None


def parse_mode(text: str) -> DnsMode | Problem | None:
    """`port`, `resolv-conf`, `host`, `redirect`; None for `off`."""
    if text.lower() == OFF:
        return None
    try:
        return DnsMode(text.lower())
    except ValueError:
        choices = ", ".join(DnsMode)
        return _misread("dns-mode-unknown", text, "a way to answer DNS", f"{choices} or {OFF}")


def parse_port(text: str) -> int | Problem:
    """A port number."""
    if text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535:
        return int(text)
    return _misread("port-malformed", text, "a port", "15053")


def wish_of(mode: DnsMode | None, port: int | None, *, captured: bool) -> Dns | Problem | None:
    """All together. `captured`: there are rules that lead questions to the agent."""
    if mode is None:
        return None
    if mode is DnsMode.REDIRECT and not captured:
        message = "nothing redirects a program's questions that is not captured"
        hint = "add --capture cgroup, or lead it to the agent with --dns resolv-conf"
        return Problem("--dns", "dns-redirect-without-capture", message, hint)
    if port is not None and mode.needs_port_53:
        message = f"--dns {mode} answers on port 53: a resolv.conf cannot name another"
        return Problem("--dns-port", "dns-port-fixed", message, "leave --dns-port out")
    return Dns(mode, port)


def _misread(code: str, text: str, what: str, example: str) -> Problem:
    return Problem("", code, f"{text!r} is not {what}", f"write it like {example}")
