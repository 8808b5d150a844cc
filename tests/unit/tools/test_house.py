"""The house rules see what they are for, and nothing else."""

from pathlib import Path

import pytest
from tools import house

DOCSTRING = '"""Says what it is."""\n'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small house in order."""
    for name in (
        "src/tulle/__init__.py",
        "src/tulle/__main__.py",
        "src/tulle/graph/routes.py",
        "src/tulle/demo/shop.py",
        "src/tulle/testing/worlds.py",
        "src/tulle/xds/protos/pool.py",
        "src/tulle/model/kinds/tls_policy.py",
        "src/tulle/codec/checks/tls_policy.py",
        "tests/unit/graph/test_routes.py",
        "tests/unit/model/kinds/test_kinds.py",
        "tests/unit/codec/checks/test_tls_policy.py",
        "tools/stubs.py",
        "bench/idle.py",
    ):
        write(tmp_path, name, DOCSTRING)
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_a_house_in_order_passes(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.main([str(tree)]) == 0
    assert capsys.readouterr().out == ""


def test_a_source_file_without_its_test_is_told_which_to_write(tree: Path) -> None:
    write(tree, "src/tulle/graph/splits.py", DOCSTRING)

    [line] = house.broken(tree)

    assert line == "src/tulle/graph/splits.py: has no test; write tests/unit/graph/test_splits.py"


def test_all_kinds_share_one_test_and_it_must_exist(tree: Path) -> None:
    (tree / "tests/unit/model/kinds/test_kinds.py").unlink()

    [line] = house.broken(tree)

    assert "tests/unit/model/kinds/test_kinds.py" in line


def test_a_file_too_long_to_keep_in_mind_is_named(tree: Path) -> None:
    write(tree, "tests/unit/graph/test_routes.py", DOCSTRING + "x = 1\n" * house.MOST_LINES)

    [line] = house.broken(tree)

    assert line.startswith("tests/unit/graph/test_routes.py: has 601 lines")


@pytest.mark.parametrize("name", ["tools/utils.py", "bench/common/idle.py", "tests/unit/base.py"])
def test_names_that_say_nothing_are_refused_everywhere(tree: Path, name: str) -> None:
    write(tree, name, DOCSTRING)

    assert house.broken(tree) == [f"{name}: name it after what it holds"]


@pytest.mark.parametrize("text", ["", "# a comment\nx = 1\n"])
def test_a_module_without_docstring_is_named(tree: Path, text: str) -> None:
    write(tree, "bench/idle.py", text)

    [line] = house.broken(tree)

    assert line.startswith("bench/idle.py: has no docstring")


def test_generated_code_need_not_speak(tree: Path) -> None:
    write(tree, "src/tulle/xds/protos/messages.py", "x = 1\n" * 5000)

    assert house.broken(tree) == []


def test_a_policy_missing_in_a_layer_is_named(tree: Path) -> None:
    write(tree, "src/tulle/model/kinds/fault_policy.py", DOCSTRING)

    [line] = house.broken(tree)

    assert line == (
        "src/tulle/model/kinds/fault_policy.py: has no src/tulle/codec/checks/fault_policy.py"
    )


def test_a_broken_rule_fails_the_run(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tree, "tools/misc.py", "")

    assert house.main([str(tree)]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2
