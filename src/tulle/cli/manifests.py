"""Reads manifests from files, folders and standard input, and stops if anything in them is wrong."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tulle.cli.errors import CliError, ProblemsFound, show_problems
from tulle.codec import decode
from tulle.codec.decode import Decoded
from tulle.model.problems import Problem, has_errors

ENDINGS = frozenset({".yaml", ".yml", ".json"})
MOST_BYTES = 64 * 1024 * 1024


def read_all(paths: Sequence[str]) -> Decoded:
    """Everything in the files, problems included."""
    return decode.read_files(list(_texts(paths)))


def read_valid(paths: Sequence[str], consequence: str = "") -> Decoded:
    """Everything in the files; problems end the command with that consequence, warnings are printed."""
    decoded = read_all(paths)
    if has_errors(decoded.problems):
        raise ProblemsFound(decoded.problems, consequence)
    show_problems(decoded.problems)
    return decoded


def placed(decoded: Decoded, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems found later (by the compiler, by the server) with the file and line they come from."""
    by_key = {located.resource.key: located for located in decoded.items}
    return tuple(
        replace(problem, place=by_key[problem.resource].place(problem.path))
        if problem.place is None and problem.resource in by_key
        else problem
        for problem in problems
    )


def _texts(paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    for path in paths:
        if path == "-":
            yield "<stdin>", sys.stdin.read(MOST_BYTES)
        else:
            yield from ((str(file), _text(file)) for file in _files(Path(path)))


def _files(path: Path) -> list[Path]:
    """The manifest files below a folder, hidden ones left out; a file is itself."""
    if not path.is_dir():
        return [path]
    found = sorted(
        file
        for file in path.rglob("*")
        if file.suffix in ENDINGS
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    if not found:
        raise CliError(
            f"{path}: there is no manifest in this folder",
            "manifests end in .yaml, .yml or .json",
            "no-manifests",
        )
    return found


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            what = f"{file}: larger than the {MOST_BYTES} bytes one file may have"
            raise CliError(what, "split it; -f may name a folder", "file-too-large")
        return data.decode()
    except OSError as exc:
        hint = "name a file you may read, a folder of them, or - for standard input"
        raise CliError(f"{file}: {exc.strerror}", hint, "file-unreadable") from exc
    except UnicodeDecodeError as exc:
        raise CliError(
            f"{file}: not UTF-8 at byte {exc.start}", "save it as UTF-8", "file-not-utf8"
        ) from exc
