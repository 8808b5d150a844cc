"""Text forms the rules ask for: names of the DNS, addresses, header names, regular expressions."""

import ipaddress
import re
import warnings

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_HOST_LABEL = re.compile(r"[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")

# What Python says of a pattern that no engine takes; of other complaints Envoy's engine (RE2) may know better.
_FAULTS = (
    "bad character range",
    "missing ), unterminated subpattern",
    "multiple repeat",
    "nothing to repeat",
    "unbalanced parenthesis",
    "unterminated character set",
)
_LOOK_AROUND = re.compile(r"\(\?(=|!|<=|<!)")
_BACK_REFERENCE = re.compile(r"\\[1-9]|\(\?P=")
_POSSESSIVE = re.compile(r"\(\?>|[*+?}]\+")
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")


def is_dns_label(text: str) -> bool:
    """Whether it can be the name of a namespace: one DNS label (RFC 1123)."""
    return bool(_LABEL.fullmatch(text))


def is_dns_name(text: str) -> bool:
    """Whether it is labels with dots between (a DNS subdomain, RFC 1123)."""
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in text.split("."))


def is_service_name(text: str) -> bool:
    """Whether it can be the name of a Service: a DNS label that begins with a letter (RFC 1035)."""
    return bool(_SERVICE.fullmatch(text))


def is_qualified(text: str) -> bool:
    """Whether it can be the key of a label or annotation: NAME or DNS-NAME/NAME."""
    prefix, slash, name = text.rpartition("/")
    return bool(_QUALIFIED.fullmatch(name)) and (not slash or is_dns_name(prefix))


def is_address(text: str) -> bool:
    """Whether it is an IP address, without zone or brackets."""
    return version_of(text) != 0


def version_of(address: str) -> int:
    """4 or 6; 0 for what is no IP address."""
    try:
        return 0 if "%" in address else ipaddress.ip_address(address).version
    except ValueError:
        return 0


def is_host(text: str) -> bool:
    """Whether it is a host's name: letters, digits, dashes, dots; no address, no port, no wildcard."""
    labels = text.removesuffix(".").split(".")
    named = all(_HOST_LABEL.fullmatch(label) for label in labels)
    return named and len(text) <= 253 and not labels[-1].isdigit()


def is_header(text: str) -> bool:
    """Whether it is the name of an HTTP header; pseudo-headers are none."""
    return bool(_HEADER.fullmatch(text))


def regex_fault(text: str) -> str:
    """Why Envoy's regular expressions (RE2) do not take the pattern; "" if nothing is known against it."""
    bare = _without_escapes_and_sets(text)
    if r"\Q" in text:  # quotes everything up to \E: RE2's own, and Python cannot tell
        return ""
    if _LOOK_AROUND.search(bare):
        return "looks ahead or behind, which RE2 does not do"
    if _BACK_REFERENCE.search(text.replace(r"\\", "")):
        return "refers back to a group, which RE2 does not do"
    if _POSSESSIVE.search(bare):
        return "uses possessive or atomic matching, which RE2 does not do"
    if any(int(bound) > 1000 for found in _REPEAT.findall(bare) for bound in found if bound):
        return "repeats more than 1000 times, which RE2 does not do"
    return _python_fault(text)


def _without_escapes_and_sets(text: str) -> str:
    return re.sub(r"\[\^?\]?[^\]]*\]", "x", re.sub(r"\\.", "x", text))


def _python_fault(text: str) -> str:
    plain = re.sub(r"\[:\^?[a-z]+:\]", "a", text)  # POSIX classes: RE2's, not Python's
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(plain)
    except re.error as error:
        return error.msg if error.msg.startswith(_FAULTS) else ""
    except (OverflowError, RecursionError):
        return "is too large"
    return ""
