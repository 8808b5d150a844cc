"""A server whose disk fails under it: what it says, what goes on meanwhile, and that it recovers by itself.

The disks are real file systems of their own; it is the kernel that refuses.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.meshes import PROGRAMS, Mesh, failures, free_port, listens, load, wait_until
from tests.store.disks import ext4, fill, needs_root, on_disk, seen_by

pytestmark = [needs_root, pytest.mark.timeout(180)]

WEB = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: test}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
"""


def service(name: str, size: int = 10) -> str:
    """A Service that takes some room."""
    return (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: test, "
        f'annotations: {{note: "{"x" * size}"}}}}\nspec: {{ports: [{{port: 80}}]}}\n'
    )


class Shop:
    """A mesh with one HTTP service and a door to it; its server keeps everything on a disk of its own."""

    def __init__(self, folder: Path) -> None:
        data = folder / "data"
        self.mesh = Mesh(folder, server_prefix=on_disk(ext4(folder / "disk.img"), data))
        self.data = data
        self.port = free_port()

    def start(self) -> None:
        self.mesh.start_server()
        listening = free_port()
        self.mesh.apply(WEB)
        self.mesh.run(
            "web", "--port", f"http={listening}/http", "--health", "http:/", labels=("app=web",),
            command=(*PROGRAMS, "http", str(listening), "web"),
        )  # fmt: skip
        self.mesh.run("door", "--upstream", f"web:80={self.port}")
        for name in ("web", "door"):
            self.mesh.ready(name)
        wait_until(lambda: listens(self.port), "the door listens")

    @property
    def disk(self) -> Path:
        """What the server sees at its data directory."""
        return seen_by(self.mesh.server.popen.pid, self.data)

    def refused(self, name: str) -> str:
        """Apply something that cannot be stored; what was said of it."""
        done = self.mesh.cli("apply", "-f", "-", check=False, stdin=service(name, 20_000))
        assert done.returncode == 1, done.stdout
        return done.stderr

    def names(self) -> set[str]:
        return {
            item["metadata"]["name"] for item in self.mesh.get("services", "-n", "test")["items"]
        }

    def stored(self, name: str) -> bool:
        done = self.mesh.cli("apply", "-f", "-", check=False, stdin=service(name, 20_000))
        return done.returncode == 0


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    try:
        shop.start()
        yield shop
    finally:
        shop.mesh.end()


def test_a_full_disk_refuses_writes_with_a_reason_and_recovers_when_there_is_room(
    shop: Shop,
) -> None:
    with load("--http", f"127.0.0.1:{shop.port}", "--minimum", "1000") as result:
        filler = fill(shop.disk)
        # What SQLite has set aside may still take some.
        said = wait_until(lambda: None if shop.stored("filling") else shop.refused("late"), "full")
        assert "[store-full]" in said
        assert "make room" in said
        assert "late" not in shop.names()  # reading works, and nothing was half done
        checked = shop.mesh.cli("check", check=False)
        assert checked.returncode == 1
        assert "the disk is full" in checked.stdout or "No space left" in checked.stdout
        assert all(condition for condition in shop.mesh.ready("web"))

        filler.unlink()
        wait_until(lambda: shop.stored("late"), "it is stored once there is room")
    assert failures(result) == {}
    assert shop.mesh.cli("check", check=False).returncode == 0
    assert "Traceback" not in shop.mesh.server.text()


def test_files_that_may_not_be_changed_are_named_and_used_again_once_they_may(shop: Shop) -> None:
    folder = shop.disk
    with load("--http", f"127.0.0.1:{shop.port}", "--minimum", "1000") as result:
        subprocess.run(["chattr", "-R", "+i", folder], check=True)
        try:
            said = shop.refused("late")
            assert "[store-read-only]" in said
            assert str(shop.data) in said
            assert "late" not in shop.names()
        finally:
            subprocess.run(["chattr", "-R", "-i", folder], check=True)
        wait_until(lambda: shop.stored("late"), "it is stored once it may be")
    assert failures(result) == {}


def test_a_disk_the_kernel_stopped_writing_to_is_told_and_reading_goes_on(shop: Shop) -> None:
    """Only mounting it anew mends this one: what a new server finds there is whole."""
    found = subprocess.run(
        ["findmnt", "-no", "SOURCE", "--task", str(shop.mesh.server.popen.pid), shop.data],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    device = found.stdout.strip().removeprefix("/dev/")
    trigger = Path(f"/sys/fs/ext4/{device}/trigger_fs_error")
    if not trigger.exists():
        pytest.skip("this kernel does not let anybody break a file system on purpose")
    assert shop.stored("before")
    with load("--http", f"127.0.0.1:{shop.port}", "--minimum", "1000") as result:
        trigger.write_text("a test\n")
        said = shop.refused("late")
        assert "[store-read-only]" in said
        assert "kernel's log" in said
        assert "before" in shop.names()

        shop.mesh.kill_server()
        shop.mesh.start_server()  # mounts it anew
        assert {"before", "web"} <= shop.names()
        wait_until(lambda: shop.stored("late"), "it is stored by the new server")
    assert failures(result) == {}


def test_a_server_does_not_start_on_a_disk_it_cannot_write(tmp_path: Path) -> None:
    data = tmp_path / "data"
    prefix = on_disk(ext4(tmp_path / "disk.img"), data)
    script = 'mount -o remount,ro "$0" && exec "$@"'
    command = [*prefix, "sh", "-c", script, str(data), sys.executable, "-m", "tulle", "server"]
    flags = ["--data-dir", str(data), "--api-socket", str(tmp_path / "api.sock")]
    done = subprocess.run(
        [*command, *flags], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 1
    assert "[store-read-only]" in done.stderr
    assert "Read-only file system" in done.stderr
