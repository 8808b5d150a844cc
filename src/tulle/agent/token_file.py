"""The file a join token is brought in: read by whoever has it, the agent or the `tulle run` that hands it on."""

from collections.abc import Callable
from pathlib import Path

from tulle.agent.errors import AgentError
from tulle.agent.events import Notice


def read_token_file(path: Path, tell: Callable[[Notice], None], needed: bool) -> str:
    """The token's text; "" where there is none and none is needed. Raises AgentError."""
    try:
        mode = path.stat().st_mode
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        if not needed:
            return ""  # used up and taken away, as it should be
        raise AgentError(
            "token-unreadable",
            f"{path}: {getattr(error, 'strerror', None) or 'is no text'}",
            "make a token with `tulle token create` and pass its file by --token-file",
        ) from error
    if mode & 0o077:
        tell(Notice(f"others may read the token in {path}; chmod 600 {path}"))
    return text
