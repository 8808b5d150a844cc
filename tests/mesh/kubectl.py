"""A real kubectl in front of a real `tulle server`: what the tests of the API share.

A module of tests starts one server: `kubectl = pytest.fixture(scope="module")(serving)`.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.mesh.meshes import Mesh

KUBECTL = Path(sys.executable).parent / "kubectl"
LIMIT_S = 60.0


class Kubectl:
    """kubectl with a kubeconfig of its own, as `tulle kubeconfig` wrote it, and the mesh it speaks to."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.config = mesh.folder / "kubeconfig"
        mesh.cli("kubeconfig", "-o", str(self.config))

    @property
    def environment(self) -> dict[str, str]:
        home = str(self.mesh.folder)
        return {**self.mesh.environment, "KUBECONFIG": str(self.config), "HOME": home}

    def command(self, *arguments: str) -> list[str]:
        return [str(KUBECTL), *arguments]

    def run(
        self, *arguments: str, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Whatever comes of it."""
        return subprocess.run(
            self.command(*arguments),
            env={**self.environment, **environment},
            cwd=self.mesh.folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> str:
        """What it prints; it must succeed, and warn of nothing."""
        done = self.run(*arguments, stdin=stdin, **environment)
        said = f"kubectl {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, said
        return done.stdout

    def refused(self, *arguments: str, stdin: str = "") -> str:
        """What it complains of; it must fail."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def json(self, *arguments: str) -> Any:
        """A `get` as JSON."""
        return json.loads(self("get", *arguments, "-o", "json"))

    def rows(self, *arguments: str) -> list[list[str]]:
        """The lines of a table, cut at runs of blanks; the first has the headers."""
        return [line.split() for line in self(*arguments).splitlines()]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """In the background, its output a pipe; the test ends it."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment,
            cwd=self.mesh.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """A server for a module of tests."""
    mesh = Mesh(tmp_path_factory.mktemp("kubectl"))
    try:
        mesh.start_server()
        yield Kubectl(mesh)
    finally:
        mesh.end()
