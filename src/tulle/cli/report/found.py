"""What a part of a report gives: files by name."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a report, not yet redacted."""

    name: str
    content: str | bytes = field(repr=False)
