"""Logs: constant messages, values in `extra` fields, one line per message, no secrets.

    log = logging.getLogger(__name__)
    log.warning("proxy refused config", extra={"proxy": proxy, "type": kind})

The formatters here are the only place where records become text, so that redaction has one door: bytes are
never shown, tokens and keys are blotted out wherever they turn up, line breaks cannot forge a second line.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal, TextIO

MAX_VALUE_CHARACTERS = 2000
"""A longer value is cut: a log line is not a place for documents."""

REDACTED = "(redacted)"

_SECRET_FIELDS = re.compile(r"(^|_)(token|secret|password|authorization|cookie|private_key)s?$")

_SECRET_TEXTS = re.compile(
    r"tulle1\.[-\w]+"  # join tokens
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<=bearer )\S+",
    re.DOTALL | re.IGNORECASE,
)

_STANDARD = {*vars(logging.LogRecord("", 0, "", 0, "", None, None)), "message", "asctime"}
"""What every record has; the rest are fields of the one who logged."""

_COLORS = {"debug": "2", "info": "36", "warning": "33", "error": "31", "critical": "31;1"}


def setup(
    level: str,
    style: Literal["human", "json"],
    stream: TextIO,
    environment: Mapping[str, str],
) -> logging.Handler:
    """Send all logs of this process to a stream, ours from `level` on, those of libraries from warning on.

    Colours only for people: not when `NO_COLOR` is set, nor when the stream is no terminal. The handler is
    returned for those who take it away again.
    """
    handler = logging.StreamHandler(stream)
    colored = stream.isatty() and not environment.get("NO_COLOR")
    colored = colored and environment.get("TERM") != "dumb"
    handler.setFormatter(JsonLines() if style == "json" else Lines(colored=colored))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    set_level(level)
    logging.captureWarnings(True)
    return handler


OURS = "tulle"
"""The logger above all of ours."""


def level() -> str:
    """The least severe of our messages that are written."""
    return logging.getLevelName(logging.getLogger(OURS).getEffectiveLevel()).lower()


def set_level(level: str) -> None:
    """Change it until the process ends: debug, info, warning or error."""
    logging.getLogger(OURS).setLevel(level.upper())


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, logger, message, then the fields, and `error` for exceptions."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        line: dict[str, object] = {
            "time": _time(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        for name, value in _fields(record):
            # A field that is called like one of ours must not hide it.
            line[f"{name}_" if name in line else name] = _jsonable(value)
        if error := _error(self, record):
            line["error"] = error
        return json.dumps(line, ensure_ascii=False)


class Lines(logging.Formatter):
    """One line for people: time, level, where, what, fields; an exception's lines follow, indented."""

    def __init__(self, *, colored: bool) -> None:
        super().__init__()
        self._colored = colored

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        level = record.levelname.lower()
        parts = [
            f"{_time(record).astimezone():%H:%M:%S}.{int(record.msecs):03d}",
            self._paint(f"{level:<7}", _COLORS.get(level, "0")),
            one_line(redact(record.getMessage())),
            *(self._field(name, value) for name, value in _fields(record)),
            self._paint(f"({record.name.removeprefix('tulle.')})", "2"),
        ]
        error = _error(self, record)
        return " ".join(parts) + "".join(f"\n    {line}" for line in error.splitlines())

    def _field(self, name: str, value: object) -> str:
        text = one_line(_text(value))
        shown = '"' + text.replace('"', '\\"') + '"' if " " in text or not text else text
        return self._paint(f"{name}=", "2") + shown

    def _paint(self, text: str, color: str) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self._colored else text


def redact(text: str) -> str:
    """The text without what looks like a token, a private key or a bearer's."""
    return _SECRET_TEXTS.sub(REDACTED, text)


def one_line(text: str) -> str:
    """The text with control characters written out: it can neither break a line nor paint a terminal."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    for name, value in vars(record).items():
        if name not in _STANDARD:
            yield name, REDACTED if _SECRET_FIELDS.search(name.lower()) else value


def _text(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return f"({len(value)} bytes)"
    text = redact(str(value))
    return text if len(text) <= MAX_VALUE_CHARACTERS else text[:MAX_VALUE_CHARACTERS] + "…"


def _jsonable(value: object) -> object:
    match value:
        case bool() | int() | None:
            return value
        case float() if value - value == 0:  # neither NaN nor infinite: JSON has no such numbers
            return value
        case list() | tuple() | set() | frozenset():
            return [_jsonable(item) for item in value]
        case _:
            return _text(value)


def _error(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return redact(formatter.formatException(record.exc_info))
