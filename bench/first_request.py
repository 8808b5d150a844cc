"""From a clean clone to the first answer that came over mutual TLS, as a new user would: clone, setup, up."""

import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure

ROOT = Path(__file__).parent.parent
GIVE_UP_S = 240


def first_answer(log: Path, deadline: float) -> None:
    """Wait until the entry URL that `tulle up` printed answers 200 from behind the mesh."""
    while time.monotonic() < deadline:
        if url := re.search(r"http://127\.0\.0\.1:\d+\S*", log.read_text(errors="replace")):
            try:
                with urllib.request.urlopen(url.group(), timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
        time.sleep(0.05)
    raise TimeoutError(f"no answer from the mesh within {GIVE_UP_S} s: {log.read_text()[-2000:]}")


def figures() -> Iterator[Figure]:
    """The whole, and the part that is Tulle starting."""
    with tempfile.TemporaryDirectory(prefix="tulle-bench-") as folder:
        clone, log = Path(folder) / "tulle", Path(folder) / "up.log"
        environment = {
            **os.environ,
            "XDG_RUNTIME_DIR": folder,
            "XDG_STATE_HOME": folder,
            "NO_COLOR": "1",
        }
        start = time.perf_counter()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        subprocess.run(["make", "--silent", "setup"], cwd=clone, check=True)
        ready = time.perf_counter()
        with log.open("wb") as out:
            up = subprocess.Popen(
                [str(clone / ".venv/bin/tulle"), "up"],
                cwd=clone,
                env=environment,
                stdout=out,
                stderr=out,
            )
        try:
            first_answer(log, time.monotonic() + GIVE_UP_S)
            end = time.perf_counter()
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(60)
    yield Figure(
        "clone to first mTLS request", end - start, "s", f"setup {ready - start:.1f} s of it", 60
    )
    yield Figure("tulle up to first mTLS request", end - ready, "s", "whole demo", None)
