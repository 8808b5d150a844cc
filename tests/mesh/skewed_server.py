"""`tulle server` on a machine whose clock is wrong: SECONDS off, then its flags. Run by test_errors.

The control plane takes its clock where it is put together; here it is put together with another one.
"""

import asyncio
import os
import sys
import time

from tulle.main import run_control_plane
from tulle.settings import ServerSettings, server_settings


def main(off_s: float, flags: list[str]) -> None:
    """Run until killed; flags as `--data-dir DIR`, in pairs."""
    pairs = zip(flags[::2], flags[1::2], strict=True)
    words = {flag.removeprefix("--").replace("-", "_"): value for flag, value in pairs}
    settings = server_settings(words, os.environ)
    assert isinstance(settings, ServerSettings), settings
    asyncio.run(run_control_plane(settings, lambda _: None, lambda: time.time() + off_s))  # noqa: TID251


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
