from pathlib import Path

import pytest

from tulle.agent.host.declared import Declared, flag_name, read_file, read_folder

NGINX = """
server: 10.0.0.1:15010
tokenFile: nginx.token
serviceAccount: nginx
namespace: shop
labels: {app: nginx, version: 1}
ports: [http=80/http]
upstreams: [api:80, "other/db:5432"]
health: http:/healthz
"""


def written(folder: Path, text: str, name: str = "nginx.yaml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_a_file_says_what_the_flags_of_tulle_run_say(tmp_path):
    found = read_file(written(tmp_path, NGINX))

    assert found == Declared(
        name="nginx",
        file=tmp_path / "nginx.yaml",
        words={
            "server": "10.0.0.1:15010",
            "service_account": "nginx",
            "namespace": "shop",
            "label": ("app=nginx", "version=1"),
            "port": ("http=80/http",),
            "upstream": ("api:80", "other/db:5432"),
            "health": "http:/healthz",
        },
        token_file=tmp_path / "nginx.token",
    )


def test_a_server_is_taken_from_the_agent_where_the_file_names_none(tmp_path):
    found = read_file(written(tmp_path, "port: 80"), server="cp:15010")

    assert isinstance(found, Declared)
    assert found.words == {"server": "cp:15010", "port": ("80",)}


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("serviceAccount", "service_account"),
        ("service-account", "service_account"),
        ("ports", "port"),
        ("port", "port"),
        ("labels", "label"),
        ("excludeInboundPorts", "exclude_inbound_port"),
        ("address", "address"),
        ("tokenFile", "token_file"),
    ],
)
def test_a_flag_may_be_written_in_any_of_its_ways(key, name):
    assert flag_name(key) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [", "workload-unreadable"),
        ("- a", "workload-malformed"),
        ("", "workload-malformed"),
        ("command: [sh]", "flag-unknown"),
        ("capture: cgroup", "capture-without-program"),
        ("namespace: [a, b]", "flag-malformed"),
        ("port: [{a: b}]", "flag-malformed"),
        ("x: " + "y" * 70_000, "workload-unreadable"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_name(tmp_path, text, code):
    problems = read_file(written(tmp_path, text))

    assert not isinstance(problems, Declared)
    assert [problem.code for problem in problems] == [code]
    assert problems[0].path == str(tmp_path / "nginx.yaml")


def test_a_service_is_captured_by_its_control_group(tmp_path):
    found = read_file(written(tmp_path, "capture: cgroup\ncgroup: system.slice/nginx.service"))

    assert isinstance(found, Declared)
    assert found.words == {"capture": "cgroup", "cgroup": "system.slice/nginx.service"}


def test_one_bad_file_costs_itself(tmp_path):
    written(tmp_path, NGINX)
    written(tmp_path, "a: [", "bad.yml")
    written(tmp_path, "no workload", "notes.txt")
    written(tmp_path, "a: [", ".hidden.yaml")
    found = read_folder(tmp_path)

    assert set(found.declared) == {"nginx"}
    assert found.broken == {"bad"}
    assert len(found.problems) == 1


def test_two_files_of_one_name_are_one_workload_and_that_is_said(tmp_path):
    written(tmp_path, NGINX)
    written(tmp_path, NGINX, "nginx.yml")
    found = read_folder(tmp_path)

    assert set(found.declared) == {"nginx"}
    assert [problem.code for problem in found.problems] == ["workload-declared-twice"]


def test_a_folder_that_cannot_be_looked_at_says_nothing_of_what_is_in_it(tmp_path, monkeypatch):
    def refused(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refused)
    found = read_folder(tmp_path)

    assert not found.complete
    assert [problem.code for problem in found.problems] == ["workload-unreadable"]


def test_no_folder_is_no_workloads(tmp_path):
    found = read_folder(tmp_path / "none")

    assert (found.declared, found.problems, found.complete) == ({}, (), True)
