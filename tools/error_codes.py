"""Holds docs/reference/errors.md to the sources: every stable code is in both, or this says which is not.

    python tools/error_codes.py [ROOT]

Codes are found by reading, not by running: wherever a class that carries a `code: str` is made, the expression
given for it is followed through parameters, variables and constants to the words it can be. An expression that
cannot be followed is told too, so that no code escapes. `http-{status}` counts as the one code `http-STATUS`.
"""

import ast
import itertools
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

SOURCE = Path("src/tulle")
PAGE = Path("docs/reference/errors.md")
CODE = "code"
STABLE = re.compile(r"[a-z][a-z0-9]*(-([a-z0-9]+|[A-Z]+))*")
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: its file, and the classes and functions around it, outermost first."""

    file: Path
    module: str
    around: tuple[Definition, ...] = ()

    @property
    def name(self) -> str:
        """Of the innermost definition, in full."""
        return ".".join((self.module, *(one.name for one in self.around)))

    def inside(self, definition: Definition) -> "Scope":
        """The scope of a definition that stands in this one."""
        return Scope(self.file, self.module, (*self.around, definition))


@dataclass(frozen=True, order=True)
class Found:
    """A code and where it is written; or, where none can be told, `why`."""

    code: str
    place: str
    why: str = ""


@dataclass
class Sources:
    """What the files define and call, by full name as `tulle.graph.notes.warning`."""

    classes: dict[str, tuple[ast.ClassDef, Scope]] = field(default_factory=dict)
    functions: dict[str, tuple[Function, Scope]] = field(default_factory=dict)
    constants: dict[str, tuple[ast.expr, Scope]] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    calls: dict[str, list[tuple[ast.Call, Scope]]] = field(
        default_factory=lambda: defaultdict(list)
    )


class UnknownError(Exception):
    """An expression that cannot be followed."""


def read_sources(root: Path) -> Sources:
    """Everything under src/tulle."""
    sources = Sources()
    trees = []
    for file in sorted((root / SOURCE).rglob("*.py")):
        module = ".".join(file.relative_to(root / SOURCE.parent).with_suffix("").parts)
        scope = Scope(file.relative_to(root), module.removesuffix(".__init__"))
        trees.append((ast.parse(file.read_text(), str(file)), scope))
    for tree, scope in trees:
        _define(tree, scope, sources)
    for tree, scope in trees:
        _call(tree, scope, sources)
    return sources


def _define(node: ast.AST, scope: Scope, sources: Sources) -> None:
    """Remember what is defined below a node, and what names of other modules mean there."""
    for child in ast.iter_child_nodes(node):
        inner = scope
        if isinstance(child, ast.ImportFrom):
            for one in child.names:
                sources.names[scope.module][one.asname or one.name] = f"{child.module}.{one.name}"
        elif isinstance(child, ast.Assign) and isinstance(child.targets[0], ast.Name):
            sources.constants[f"{scope.name}.{child.targets[0].id}"] = (child.value, scope)
        elif isinstance(child, ast.ClassDef):
            inner = scope.inside(child)
            sources.classes[inner.name] = (child, inner)
        elif isinstance(child, Function):
            inner = scope.inside(child)
            sources.functions[inner.name] = (child, inner)
        _define(child, inner, sources)


def _call(node: ast.AST, scope: Scope, sources: Sources) -> None:
    """Remember who is called below a node."""
    for child in ast.iter_child_nodes(node):
        inner = scope.inside(child) if isinstance(child, Definition) else scope
        if isinstance(child, ast.Call):
            for callee in _callees(child.func, scope, sources):
                sources.calls[callee].append((child, scope))
        _call(child, inner, sources)


def _callees(function: ast.expr, scope: Scope, sources: Sources) -> Iterator[str]:
    match function:
        case ast.Name(id=name):
            yield _full_name(name, scope, sources)
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"):
            yield from _bases(_own_class(scope), scope, sources)
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if (
            owner in sources.names[scope.module]
        ):
            yield f"{sources.names[scope.module][owner]}.{name}"
        case ast.Attribute(attr=name):
            # Of whatever object: methods are known by their names alone.
            yield f"*.{name}"
        case _:
            return


def _full_name(name: str, scope: Scope, sources: Sources) -> str:
    """What a name means: something of a function around, of the module, or of another module."""
    for depth in range(len(scope.around), -1, -1):
        full = ".".join((scope.module, *(one.name for one in scope.around[:depth]), name))
        if full in sources.classes or full in sources.functions:
            return full
    return sources.names[scope.module].get(name, name)


def _own_class(scope: Scope) -> ast.ClassDef | None:
    return next((one for one in reversed(scope.around) if isinstance(one, ast.ClassDef)), None)


def _bases(of: ast.ClassDef | None, scope: Scope, sources: Sources) -> Iterator[str]:
    for base in of.bases if of else ():
        if isinstance(base, ast.Name):
            yield _full_name(base.id, scope, sources)


def find_codes(sources: Sources) -> list[Found]:
    """Every code once for each place that writes it, and every expression that hides one."""
    found: set[Found] = set()
    for name, (definition, scope) in sources.classes.items():
        found.update(_fixed_code(definition, scope))
        if _carries_code(definition):
            for call, where in _calls_of_class(name, sources):
                found.update(_code_given(call, definition, where, sources))
    for name in [name for name in sources.calls if name.endswith(".replace")]:
        for call, where in sources.calls[name]:
            found.update(_follow(_argument(call, [], CODE), where, sources))
    return sorted(one for one in found if one.code or one.why)


def _fixed_code(definition: ast.ClassDef, scope: Scope) -> Iterator[Found]:
    """`code = "conflict"` in the body of a class."""
    for line in definition.body:
        target = line.targets[0] if isinstance(line, ast.Assign) else None
        target = line.target if isinstance(line, ast.AnnAssign) else target
        value = line.value if isinstance(line, ast.Assign | ast.AnnAssign) else None
        named = isinstance(target, ast.Name) and target.id == CODE
        if named and isinstance(value, ast.Constant) and value.value:
            yield Found(str(value.value), f"{scope.file}:{line.lineno}")


def _carries_code(definition: ast.ClassDef) -> bool:
    """Whether one is made with a `code: str`; a class whose code is fixed is not."""
    made_with = _initializer(definition)
    if made_with is not None:
        given = [*made_with.args.posonlyargs, *made_with.args.args, *made_with.args.kwonlyargs]
        return any(one.arg == CODE and _is_text(one.annotation) for one in given)
    return any(name == CODE for name in _fields(definition))


def _is_text(annotation: ast.expr | None) -> bool:
    return annotation is not None and bool(
        re.match(r"(Annotated\[)?str\b", ast.unparse(annotation))
    )


def _initializer(definition: ast.ClassDef) -> Function | None:
    inits = (one for one in definition.body if isinstance(one, Function) and one.name == "__init__")
    return next(inits, None)


def _fields(definition: ast.ClassDef) -> list[str]:
    """The fields of a dataclass or Struct; a `code` of another type than str is not one of ours."""
    return [
        line.target.id
        for line in definition.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        if line.target.id != CODE or _is_text(line.annotation)
    ]


def _calls_of_class(name: str, sources: Sources) -> Iterator[tuple[ast.Call, Scope]]:
    """Calls of the class, and of its subclasses that are made the same way."""
    yield from sources.calls[name]
    for other, (definition, scope) in sources.classes.items():
        inherits = name in _bases(definition, scope, sources) and _initializer(definition) is None
        if inherits and not _carries_code(definition):
            yield from _calls_of_class(other, sources)


def _code_given(
    call: ast.Call, to: ast.ClassDef, scope: Scope, sources: Sources
) -> Iterator[Found]:
    made_with = _initializer(to)
    names = _parameters(made_with) if made_with else _fields(to)
    if any(isinstance(one, ast.Starred) for one in call.args):
        yield _hidden(call, scope)
    if any(keyword.arg is None for keyword in call.keywords):
        yield _hidden(call, scope)
    yield from _follow(_argument(call, names, CODE), scope, sources)


def _hidden(value: ast.expr, scope: Scope) -> Found:
    why = f"cannot tell which codes {ast.unparse(value)!r} can be; write them out"
    return Found("", f"{scope.file}:{value.lineno}", why)


def _parameters(function: Function) -> list[str]:
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def _argument(call: ast.Call, names: list[str], name: str) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    place = names.index(name) if name in names else len(call.args)
    return call.args[place] if place < len(call.args) else None


def _follow(value: ast.expr | None, scope: Scope, sources: Sources) -> Iterator[Found]:
    if value is None:
        return
    try:
        for found in _words(value, scope, sources):
            stable = found.code == "" or STABLE.fullmatch(found.code)
            why = "" if stable else f"the code {found.code!r} is not kebab-case"
            yield replace(found, why=why)
    except UnknownError:
        yield _hidden(value, scope)


def _words(value: ast.expr, scope: Scope, sources: Sources) -> frozenset[Found]:
    """All the texts an expression can be, each with the place where it is written."""
    match value:
        case ast.Constant(value=str(text)):
            return frozenset({Found(text, f"{scope.file}:{value.lineno}")})
        case ast.IfExp(body=yes, orelse=no):
            return _words(yes, scope, sources) | _words(no, scope, sources)
        case ast.JoinedStr(values=parts):
            pieces = [_piece(part, scope, sources) for part in parts]
            texts = map("".join, itertools.product(*pieces))
            return frozenset(Found(text, f"{scope.file}:{value.lineno}") for text in texts)
        case ast.Attribute(attr="code"):
            return frozenset()  # handed on: it is found where it was made
        case ast.Name(id=name):
            return _words_of_name(name, scope, sources)
        case _:
            raise UnknownError


def _piece(part: ast.expr, scope: Scope, sources: Sources) -> list[str]:
    """What a part of an f-string can be; a hole that can be anything is named in capitals."""
    hole = part.value if isinstance(part, ast.FormattedValue) else part
    try:
        return sorted({found.code for found in _words(hole, scope, sources)})
    except UnknownError:
        if isinstance(hole, ast.Name):
            return [hole.id.upper()]
        raise


def _words_of_name(name: str, scope: Scope, sources: Sources) -> frozenset[Found]:
    """A variable's or parameter's texts, in the innermost function that has it; else a constant's."""
    for depth in range(len(scope.around), 0, -1):
        function = scope.around[depth - 1]
        if isinstance(function, Function):
            outer = Scope(scope.file, scope.module, scope.around[:depth])
            if name in _all_parameters(function):
                return _words_of_parameter(name, function, outer, sources)
            if values := list(_assigned(name, function)):
                return frozenset().union(*(_words(value, outer, sources) for value in values))
    full = sources.names[scope.module].get(name, f"{scope.module}.{name}")
    if full not in sources.constants:
        raise UnknownError
    value, where = sources.constants[full]
    return _words(value, where, sources)


def _all_parameters(function: Function) -> list[str]:
    return [*_parameters(function), *(one.arg for one in function.args.kwonlyargs)]


def _assigned(name: str, function: Function) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == name:
                    yield node.value


def _words_of_parameter(
    name: str, function: Function, scope: Scope, sources: Sources
) -> frozenset[Found]:
    """What callers give for it."""
    found: frozenset[Found] = frozenset()
    calls = list(_calls_of(function, scope, sources))
    if not calls:
        raise UnknownError  # handed somewhere as a value, maybe
    for call, where in calls:
        value = _argument(call, _parameters(function), name)
        if value is not None and function not in where.around:
            found |= _words(value, where, sources)
    return found


def _calls_of(
    function: Function, scope: Scope, sources: Sources
) -> Iterable[tuple[ast.Call, Scope]]:
    owner = scope.around[-2] if len(scope.around) > 1 else None
    if not isinstance(owner, ast.ClassDef):
        return sources.calls[scope.name]
    if function.name == "__init__":
        return _calls_of_class(scope.name.removesuffix(".__init__"), sources)
    return sources.calls[f"*.{function.name}"]


def codes_on_page(text: str) -> list[str]:
    """The codes a page explains: the first cell of a row of a table."""
    return ROW.findall(text)


def differences(made: Iterable[Found], page: str) -> Iterator[str]:
    """A line for everything that is not as it should be."""
    places = by_code(made)
    explained = codes_on_page(page)
    for found in made:
        if found.why:
            yield f"{found.place}: {found.why}"
    for code in sorted(places.keys() - set(explained)):
        yield f"{places[code][0]}: {code} is not on {PAGE}; add a row for it"
    for code in sorted(set(explained) - places.keys()):
        yield f"{PAGE}: nothing makes {code} any more; remove its row"


def by_code(made: Iterable[Found]) -> Mapping[str, list[str]]:
    """The places that make each code."""
    places: dict[str, list[str]] = defaultdict(list)
    for found in made:
        if found.code and not found.why:
            places[found.code].append(found.place)
    return dict(sorted(places.items()))


def main(arguments: list[str]) -> int:
    """List the codes with their places, then what is wrong; the exit code."""
    root = Path(arguments[0]) if arguments else Path(__file__).parent.parent
    made = list(find_codes(read_sources(root)))
    for code, places in by_code(made).items():
        print(f"{code:32} {' '.join(places)}")
    wrong = list(differences(made, (root / PAGE).read_text()))
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
