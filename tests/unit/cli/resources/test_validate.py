"""Every problem in manifests at once."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tulle.cli.resources.validate import command

DEMO = str(Path(__file__).parents[4] / "src" / "tulle" / "demo" / "manifests")
GOOD = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"


def validate(*files: str, output: str = "text") -> Result:
    return CliRunner().invoke(command, [*(p for f in files for p in ("-f", f)), "-o", output])


def test_the_demo_is_without_problems() -> None:
    result = validate(DEMO)

    assert result.exit_code == 0
    assert result.output == "18 resources, no errors\n"


def test_all_problems_come_at_once_each_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.replace("ports", "prots") + "---\n" + "apiVersion: v1\nkind: Servise\n")

    result = validate(str(path))

    assert result.exit_code == 1
    assert f"{path}:4: error: Service default/web spec.prots" in result.stderr
    assert f"{path}:7: error: " in result.stderr
    assert result.stderr.splitlines()[-1] == "Error: 2 errors"


def test_what_these_files_do_not_hold_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "route.yaml"
    path.write_text(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web}\n"
        'spec:\n  parentRefs: [{group: "", kind: Service, name: web}]\n'
        "  rules: [{backendRefs: [{name: web, port: 80}]}]\n"
    )

    result = validate(str(path))

    assert result.exit_code == 0
    assert f"{path}:5: warning: HTTPRoute default/web" in result.stderr


@pytest.mark.parametrize(("text", "code"), [(GOOD, 0), (GOOD + "sepc: 1\n", 1)])
def test_programs_get_problems_as_json(tmp_path: Path, text: str, code: int) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text)

    result = validate(str(path), output="json")

    problems = json.loads(result.stdout)["problems"]
    assert result.exit_code == code
    assert len(problems) == code
    assert all(p["place"].startswith(str(path)) and p["code"] for p in problems)
