"""Codes are found however they are spelled, and none that hides goes unseen."""

from pathlib import Path

import pytest
from tools import error_codes

PROBLEMS = """
@dataclass
class Problem:
    path: str
    code: str
    message: str = ""
"""


def write(root: Path, name: str, text: str) -> None:
    file = root / "src/tulle" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def codes(root: Path, text: str) -> list[str]:
    """The codes of one file beside the class they are given to."""
    write(root, "problems.py", PROBLEMS)
    write(root, "room.py", f"from tulle.problems import Problem\n{text}")
    made = error_codes.find_codes(error_codes.read_sources(root))
    assert [one.why for one in made if one.why] == []
    return list(error_codes.by_code(made))


def hidden(root: Path, text: str) -> list[str]:
    write(root, "problems.py", PROBLEMS)
    write(root, "room.py", f"from tulle.problems import Problem\n{text}")
    made = error_codes.find_codes(error_codes.read_sources(root))
    return [f"{one.place}: {one.why}" for one in made if one.why]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Problem('', 'a-b')", ["a-b"]),
        ("Problem(code='a-b', path='')", ["a-b"]),
        ("Problem('', 'a-b' if given else 'c-d')", ["a-b", "c-d"]),
        ("CODE = 'a-b'\nProblem('', CODE)", ["a-b"]),
        ("def f():\n    code = 'a-b'\n    return Problem('', code)", ["a-b"]),
        ("def warn(code): return Problem('', code)\nwarn('a-b')\nwarn(code='c-d')", ["a-b", "c-d"]),
        ("class A:\n def warn(self, code): Problem('', code)\n def f(self): self.warn('a-b')", ["a-b"]),
        (
            "def one_of(flag):\n    def parse(): return Problem('', f'{flag}-unknown')\n    return parse\n"
            "one_of('level')\none_of('format')",
            ["format-unknown", "level-unknown"],
        ),
        ("def f(status): return Problem('', f'http-{status}')\nf(int(x))", ["http-STATUS"]),
        ("def f(problem): return Problem('', problem.code)", []),
        ("from dataclasses import replace\nreplace(p, code='a-b')", ["a-b"]),
        ("class E(Exception):\n    code: ClassVar[str] = 'a-b'", ["a-b"]),
        ("class Child(Problem): pass\nChild('', 'a-b')", ["a-b"]),
        (
            "class E(Exception):\n    def __init__(self, code: str): Problem('', code)\n"
            "class F(E):\n    def __init__(self): super().__init__('a-b')",
            ["a-b"],
        ),
        ("class Status:\n    code: int\nStatus(200)", []),
        ("def other(code): ...\nother('a-b')", []),
    ],
)  # fmt: skip
def test_a_code_is_found_however_it_is_spelled(tmp_path: Path, text: str, found: list[str]) -> None:
    assert codes(tmp_path, text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Problem('', make_code())",
        "Problem('', nobody_knows)",
        "Problem(*parts)",
        "Problem(**parts)",
        "def warn(code): return Problem('', code)\nhand_over(warn)",
        "Problem('', 'Not_Kebab')",
    ],
)
def test_a_code_that_cannot_be_told_is_told_with_its_place(tmp_path: Path, text: str) -> None:
    [line] = hidden(tmp_path, text)

    assert line.startswith("src/tulle/room.py:")


def test_page_and_sources_have_to_name_the_same_codes(tmp_path: Path) -> None:
    write(tmp_path, "problems.py", PROBLEMS + "Problem('', 'in-source')\nProblem('', 'in-both')\n")
    made = error_codes.find_codes(error_codes.read_sources(tmp_path))
    page = "| code | means |\n| --- | --- |\n| `in-both` | … |\n| `on-page` | see `in-source` |\n"

    missing, left_over = error_codes.differences(made, page)

    assert missing.startswith("src/tulle/problems.py:7: in-source is not on")
    assert "nothing makes on-page" in left_over


def test_the_command_lists_codes_with_their_places_and_fails_where_the_page_lacks_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "problems.py", PROBLEMS + "Problem('', 'in-source')\n")
    page = tmp_path / error_codes.PAGE
    page.parent.mkdir(parents=True)
    page.write_text("# Errors\n")

    assert error_codes.main([str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.out.split() == ["in-source", "src/tulle/problems.py:7"]
    assert "in-source is not on" in said.err

    page.write_text("| `in-source` | … |\n")
    assert error_codes.main([str(tmp_path)]) == 0
