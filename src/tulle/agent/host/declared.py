"""Workloads that files declare: programs that run already, put on the mesh by the host's agent.

A file `NAME.yaml` in the folder says what the flags of `tulle run` say, under their names:

    server: 10.0.0.1:15010
    tokenFile: /etc/tulle/nginx.token
    serviceAccount: nginx
    namespace: shop
    label: [app=nginx]
    port: [http=80/http]
    upstream: [api:80]

A file is an order like any other: what it says is read once, and everything wrong with it is said.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tulle.agent.host.words import REPEATED, SHARED, SharedWords
from tulle.model.problems import Problem

HERE_TOO = frozenset({"health", "token_file"})
"""Flags a file may hold beside those that travel: there is no `tulle run` that could heed them."""

_LARGEST = 64 * 1024
_SUFFIXES = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class Declared:
    """One file that could be read. `name` is its own, without the ending."""

    name: str
    file: Path
    words: SharedWords
    token_file: Path | None


@dataclass(frozen=True, slots=True)
class Found:
    """Everything in the folder, by name: what can be carried, what cannot be read (now), and what is wrong.

    `complete`: the folder itself could be looked at. What is broken, or not to be seen, stays as it was: somebody may
    be at it with an editor.
    """

    declared: Mapping[str, Declared]
    broken: frozenset[str]
    problems: tuple[Problem, ...]
    complete: bool = True


def read_folder(folder: Path, server: str = "") -> Found:
    """All files of the folder; none if there is no folder. `server` is for those that name none."""
    try:
        files = sorted(file for file in folder.iterdir() if _is_one(file))
    except (FileNotFoundError, NotADirectoryError):
        files = []
    except OSError as error:
        problem = _problem(
            folder, "workload-unreadable", error.strerror or str(error), "mend its permissions"
        )
        return Found({}, frozenset(), (problem,), complete=False)
    declared: dict[str, Declared] = {}
    broken: set[str] = set()
    problems: list[Problem] = []
    for file in files:
        found = _twice(file) if file.stem in declared else read_file(file, server)
        if isinstance(found, Declared):
            declared[found.name] = found
        else:
            broken.add(file.stem)
            problems += found
    return Found(declared, frozenset(broken), tuple(problems))


def _is_one(file: Path) -> bool:
    return file.suffix in _SUFFIXES and not file.name.startswith(".")


def _twice(file: Path) -> tuple[Problem, ...]:
    message = f"{file.stem} is declared by another file too"
    return (_problem(file, "workload-declared-twice", message, "take one of them away"),)


def read_file(file: Path, server: str = "") -> Declared | tuple[Problem, ...]:
    """One file, or everything wrong with it."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_LARGEST + 1)
    except OSError as error:
        return (_problem(file, "workload-unreadable", error.strerror or str(error), "mend it"),)
    if len(text) > _LARGEST:
        return (_problem(file, "workload-unreadable", "is too large", "one workload a file"),)
    import yaml  # an agent without such files does without it

    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        what = " ".join(str(error).split())
        return (_problem(file, "workload-unreadable", f"is no YAML: {what}", "mend it"),)
    if not isinstance(content, dict):
        hint = "write it like `serviceAccount: nginx`, one flag of `tulle run` a line"
        return (_problem(file, "workload-malformed", "holds no flags", hint),)
    return _declared(file, content, server)


def _declared(
    file: Path, content: Mapping[object, object], server: str
) -> Declared | tuple[Problem, ...]:
    problems: list[Problem] = []
    words: dict[str, str | tuple[str, ...]] = {"server": server} if server else {}
    token_file: Path | None = None
    for key, value in content.items():
        name = flag_name(str(key))
        read = _words(name, value)
        if name not in SHARED | HERE_TOO:
            hint = f"these are read: {', '.join(sorted(map(_key, SHARED | HERE_TOO)))}"
            problems.append(_problem(file, "flag-unknown", f"{key!r} is no flag", hint))
        elif read is None:
            hint = "write a text, or a list of them where the flag may be repeated"
            problems.append(_problem(file, "flag-malformed", f"{key} is not one", hint))
        elif name == "token_file":
            token_file = file.parent / str(read)
        else:
            words[name] = read
    if words.get("capture") == "cgroup" and "cgroup" not in words:
        hint = "say which: cgroup: system.slice/nginx.service; or capture a network namespace whole"
        why = "does not say in which control group the program runs"
        problems.append(_problem(file, "capture-without-program", why, hint))
    return tuple(problems) or Declared(file.stem, file, words, token_file)


def flag_name(key: str) -> str:
    """`serviceAccount`, `service-account` and `service_account` are one flag; so are `ports` and `port`."""
    name = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", key).replace("-", "_").lower()
    return name.removesuffix("s") if name.removesuffix("s") in REPEATED else name


def _words(name: str, value: object) -> str | tuple[str, ...] | None:
    if name in REPEATED:
        many = tuple(_pairs(value))
        return None if None in many else tuple(text for text in many if text is not None)
    return _text(value)


def _pairs(value: object) -> Iterator[str | None]:
    """A list of words, one word, or (labels) a mapping."""
    if isinstance(value, dict):
        yield from (f"{key}={_text(item) or ''}" for key, item in value.items())
    elif isinstance(value, list):
        yield from map(_text, value)
    else:
        yield _text(value)


def _text(value: object) -> str | None:
    """YAML reads 80 as a number; a flag is text."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _key(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


def _problem(file: Path, code: str, message: str, hint: str) -> Problem:
    return replace(Problem("", code, message, hint), path=str(file))
