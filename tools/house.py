"""House rules no linter knows: each file has its test, stays small, has a proper name and says what it is.

    python tools/house.py [ROOT]

Prints one line for every broken rule and ends with 1 if there is one. `make lint` runs it.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

SOURCE = Path("src/tulle")
TESTS = Path("tests/unit")
MOST_LINES = 600
FORBIDDEN = frozenset({"base", "common", "helpers", "misc", "utils"})

# What has no test file of its own, and why.
UNTESTED = (
    SOURCE / "demo",  # programs strangers to the mesh: `make demo` and the mesh tests run them
    SOURCE / "testing",  # what tests are made with
    SOURCE / "xds" / "protos",  # generated
)
TOGETHER = {
    # One file tests all of these, a claim for every kind.
    SOURCE / "model" / "kinds": TESTS / "model" / "kinds" / "test_kinds.py",
}
POLICY_LAYERS = (SOURCE / "codec" / "checks",)
"""Where a policy has a file under the name it has in model/kinds."""

Rule = Callable[[Path], Iterator[str]]


def untested(root: Path) -> Iterator[str]:
    """Every source file has tests/unit/<same path>/test_<name>.py."""
    for file in _sources(root):
        wanted = _test_of(file)
        if wanted is not None and not (root / wanted).exists():
            yield f"{file}: has no test; write {wanted}"


def _test_of(file: Path) -> Path | None:
    if file.stem in {"__init__", "__main__"} or any(file.is_relative_to(path) for path in UNTESTED):
        return None
    if file.parent in TOGETHER:
        return TOGETHER[file.parent]
    return TESTS / file.parent.relative_to(SOURCE) / f"test_{file.name}"


def too_long(root: Path) -> Iterator[str]:
    """No file has more lines than one can keep in mind."""
    for file in _modules(root):
        lines = len((root / file).read_text().splitlines())
        if lines > MOST_LINES:
            yield f"{file}: has {lines} lines, more than {MOST_LINES}; split it by what it is about"


def misnamed(root: Path) -> Iterator[str]:
    """A name says what is inside; these say nothing."""
    for file in _modules(root):
        if file.stem in FORBIDDEN or file.parent.name in FORBIDDEN:
            yield f"{file}: name it after what it holds"


def silent(root: Path) -> Iterator[str]:
    """A module's docstring tells its place in the flow; a test file's place is its path, its text are its claims."""
    for file in _modules(root):
        if file.name.startswith("test_"):
            continue
        text = (root / file).read_text()
        if not ast.get_docstring(ast.parse(text, str(file))):
            yield f"{file}: has no docstring; say what it is for and where it stands in the flow"


def homeless_policies(root: Path) -> Iterator[str]:
    """A policy has one name in every layer, so that it is seen whole."""
    for kind in sorted((root / SOURCE / "model" / "kinds").glob("*_policy.py")):
        for layer in POLICY_LAYERS:
            if not (root / layer / kind.name).exists():
                yield f"{kind.relative_to(root)}: has no {layer / kind.name}"


RULES: tuple[Rule, ...] = (untested, too_long, misnamed, silent, homeless_policies)


def broken(root: Path) -> list[str]:
    """A line for everything that breaks a rule."""
    return [line for rule in RULES for line in rule(root)]


def _sources(root: Path) -> list[Path]:
    return _python_files(root, SOURCE)


def _modules(root: Path) -> list[Path]:
    """Everything written by hand."""
    folders = (SOURCE, Path("tests"), Path("tools"), Path("bench"))
    files = [file for folder in folders for file in _python_files(root, folder)]
    return [file for file in files if not file.is_relative_to(SOURCE / "xds" / "protos")]


def _python_files(root: Path, folder: Path) -> list[Path]:
    return sorted(file.relative_to(root) for file in (root / folder).rglob("*.py"))


def main(arguments: list[str]) -> int:
    """The exit code."""
    lines = broken(Path(arguments[0]) if arguments else Path(__file__).parent.parent)
    for line in lines:
        print(line)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
