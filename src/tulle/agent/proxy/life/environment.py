"""What of the agent's environment an Envoy gets."""

import os

_PASSED_ON = ("PATH", "HOME", "TMPDIR")


def environment() -> dict[str, str]:
    """Nothing of ours concerns Envoy, and a token in a variable would show in its process."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
