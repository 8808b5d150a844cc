"""`tulle kubeconfig`: where it goes, and that nobody else may read it."""

import stat
from pathlib import Path

import pytest
import yaml
from tests.unit.cli.servers import Server

from tulle.cli.access.command import kubectl_file, put
from tulle.cli.errors import CliError


def test_it_is_printed_for_who_asks(server: Server) -> None:
    result = server.tulle("kubeconfig", "--name", "mesh", "-n", "shop")

    config = yaml.safe_load(result.stdout)
    assert config["current-context"] == "mesh"
    assert config["clusters"][0]["cluster"]["server"] == "https://[::1]:15013"
    assert config["contexts"][0]["context"]["namespace"] == "shop"


def test_a_file_of_it_is_private_and_keeps_what_is_of_others(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "folder" / "config"
    path.parent.mkdir()
    path.write_text("users: [{name: other, user: {token: x}}]\n")
    path.chmod(0o644)

    result = server.tulle("kubeconfig", "-o", str(path))

    assert result.exit_code == 0
    assert "token" not in result.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [user["name"] for user in yaml.safe_load(path.read_text())["users"]] == [
        "other",
        "tulle",
    ]
    assert list(path.parent.iterdir()) == [path]


def test_it_finds_the_file_kubectl_writes(tmp_path: Path) -> None:
    assert kubectl_file({"KUBECONFIG": f":{tmp_path}/a:{tmp_path}/b"}) == tmp_path / "a"
    assert kubectl_file({}).parts[-2:] == (".kube", "config")


def test_a_link_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "config"
    link.symlink_to(tmp_path / "real")
    put(link, {"kind": "Config", "current-context": "a"})

    assert link.is_symlink()
    assert (tmp_path / "real").read_text()


@pytest.mark.parametrize("content", ["- a\n", "a: [", b"\xff"])
def test_what_is_no_kubeconfig_is_left_alone(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "config"
    written = content.encode() if isinstance(content, str) else content
    path.write_bytes(written)

    with pytest.raises(CliError) as error:
        put(path, {"kind": "Config"})
    assert error.value.code == "not-a-kubeconfig"
    assert path.read_bytes() == written


def test_out_and_write_exclude_each_other(server: Server) -> None:
    assert server.tulle("kubeconfig", "-o", "x", "--write").exit_code == 2
