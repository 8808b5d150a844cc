"""What the tests of this room share: texts in, problems out, short enough to compare."""

from textwrap import dedent

from tulle.codec import decode
from tulle.codec.decode import Decoded
from tulle.model.problems import Severity


def read(text: str) -> Decoded:
    """Decode an indented text as the file `mesh.yaml`."""
    return decode.read(dedent(text), "mesh.yaml")


def found(text: str) -> set[tuple[str, str]]:
    """Path and code of every problem, warnings included."""
    return {(problem.path, problem.code) for problem in read(text).problems}


def errors(text: str) -> set[tuple[str, str]]:
    """Path and code of every error."""
    problems = read(text).problems
    return {(one.path, one.code) for one in problems if one.severity is Severity.ERROR}


def warnings(text: str) -> set[tuple[str, str]]:
    """Path and code of every warning."""
    return found(text) - errors(text)


def resource(kind: str, spec: str, metadata: str = "name: x", version: str = "tulle.dev/v1") -> str:
    """The text of a resource; `spec` and `metadata` are the inside of flow mappings."""
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{{metadata}}}\nspec: {{{spec}}}\n"
