"""A datagram nobody hears, sent from a place on the host: rules that count it show that they know the place."""

import os
import signal
import sys

from tulle.agent.programs.children import Child, Inside, end_child, start_child
from tulle.capture.rulesets import DISCARD_PORT

_SCRIPT = f"""
import socket
with socket.socket(type=socket.SOCK_DGRAM) as mouth:
    mouth.sendto(b"", ("127.0.0.1", {DISCARD_PORT}))
"""


async def whisper(place: Inside) -> None:
    """Send one; that it could not be sent shows in the count, too."""
    env = {"PATH": os.environ.get("PATH", os.defpath)}
    command = (sys.executable, "-I", "-S", "-c", _SCRIPT)
    process = await start_child(Child(command, env, signal.SIGKILL, inside=place))
    try:
        await process.wait()
    finally:
        await end_child(process, signal.SIGKILL, 0.0)
