"""The Envoys of a mesh's workloads, as their records and processes show them. Nothing here imports the product."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fleet:
    """The workloads whose folders are `state-NAME` in this one."""

    folder: Path

    def lives(self, name: str) -> list[dict]:  # type: ignore[type-arg]
        """Oldest first."""
        try:
            text = (self.folder / f"state-{name}" / "envoy.life").read_text()
        except FileNotFoundError:
            return []
        return list(json.loads(text)["lives"])

    def pid(self, name: str) -> int:
        """Of the newest that was started; 0 while there is none."""
        marks = [life["mark"] for life in self.lives(name) if life["mark"]]
        return int(marks[-1]["pid"]) if marks else 0

    def serves(self, name: str) -> bool:
        """Whether its Envoy says it is ready."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(1.0)
            try:
                admin.connect(str(self.folder / f"state-{name}" / "admin.sock"))
                admin.sendall(b"GET /ready HTTP/1.1\r\nhost: envoy\r\nconnection: close\r\n\r\n")
                return b"200 OK" in admin.recv(64)
            except OSError:
                return False

    def is_other(self, name: str, pid: int) -> bool:
        """Whether another one than that serves."""
        return self.pid(name) not in {0, pid}

    def drains_for(self, name: str, seconds: float) -> bool:
        """Whether the one that serves does."""
        return bool(self.lives(name)[-1]["recipe"]["drain_s"] == seconds)

    def settled(self, name: str) -> bool:
        """Whether nobody leaves any more."""
        return len(self.lives(name)) == 1 and self.serves(name)
