"""Write src/tulle/xds/protos/xds.binpb and its typed stub out of the `xds-protos` package.

    .venv/bin/python tools/xds_protos.py

The package overwrites modules of others, so it is installed alone, from requirements/codegen.lock, into a
directory that is thrown away. The result is the same bytes on every machine: descriptors of the messages listed
in src/tulle/xds/protos/messages.py and of what they need, without services, options and comments.
"""

import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "src/tulle/xds/protos"


def main() -> None:
    """Install apart, then write with nothing else in sight."""
    with tempfile.TemporaryDirectory() as place:
        lock = ROOT / "requirements/codegen.lock"
        uv = [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--target",
        ]
        subprocess.run([*uv, place, "--requirement", str(lock)], check=True)
        path = os.pathsep.join([place, str(ROOT / "src"), str(ROOT / "tools")])
        # -S: no site-packages, so what is imported is what was just installed.
        command = [sys.executable, "-S", __file__, "write"]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": path})
    ruff = [sys.executable, "-m", "ruff", "format", "--quiet", str(TARGET / "__init__.pyi")]
    subprocess.run(ruff, check=True, cwd=ROOT)


def write() -> None:
    """Runs apart: collect the files, strip them, write both results."""
    from google.protobuf.descriptor import FileDescriptor
    from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
    from google.protobuf.descriptor_pool import Default

    from tulle.xds.protos.messages import FULL_NAMES, MODULES
    from xds_stubs import stub_of

    files: dict[str, FileDescriptor] = {}

    def collect(file: FileDescriptor) -> None:
        if file.name not in files:
            files[file.name] = file
            for needed in file.dependencies:
                collect(needed)

    for module in MODULES:
        collect(importlib.import_module(module).DESCRIPTOR)
    protos = {
        name: FileDescriptorProto.FromString(file.serialized_pb) for name, file in files.items()
    }
    pool = Default()
    messages = {name: pool.FindMessageTypeByName(full) for name, full in FULL_NAMES.items()}
    stripped = _strip(protos)
    roots = {message.file.name for message in messages.values()}
    result = FileDescriptorSet(file=[stripped[name] for name in _in_order(roots, stripped)])
    (TARGET / "xds.binpb").write_bytes(result.SerializeToString(deterministic=True))
    (TARGET / "__init__.pyi").write_text(stub_of(messages), encoding="utf-8")


def _strip(protos):  # type: ignore[no-untyped-def]  # typed protobuf is what this tool is here to make
    """Without services, extensions and options; with only the imports that are still needed."""
    owners = {symbol: name for name, file in protos.items() for symbol in _symbols(file)}
    for name, file in protos.items():
        for field in ("options", "service", "extension", "dependency", "public_dependency"):
            file.ClearField(field)
        for message in file.message_type:
            _strip_message(message)
        for enum in file.enum_type:
            _strip_enum(enum)
        used = {owners[symbol] for message in file.message_type for symbol in _used(message)}
        file.dependency.extend(sorted(used - {name}))
    return protos


def _strip_message(message) -> None:  # type: ignore[no-untyped-def]
    is_map_entry = message.options.map_entry
    message.ClearField("options")
    message.ClearField("extension")
    if is_map_entry:
        message.options.map_entry = True
    for part in (*message.field, *message.oneof_decl):
        part.ClearField("options")
    for inner in message.nested_type:
        _strip_message(inner)
    for enum in message.enum_type:
        _strip_enum(enum)


def _strip_enum(enum) -> None:  # type: ignore[no-untyped-def]
    has_aliases = enum.options.allow_alias
    enum.ClearField("options")
    if has_aliases:
        enum.options.allow_alias = True
    for value in enum.value:
        value.ClearField("options")


def _symbols(file) -> Iterator[str]:  # type: ignore[no-untyped-def]
    """Full names of every message and enum of a file."""

    def inside(scope: str, message) -> Iterator[str]:  # type: ignore[no-untyped-def]
        own = f"{scope}.{message.name}"
        yield own
        yield from (f"{own}.{enum.name}" for enum in message.enum_type)
        for inner in message.nested_type:
            yield from inside(own, inner)

    yield from (f"{file.package}.{enum.name}" for enum in file.enum_type)
    for message in file.message_type:
        yield from inside(file.package, message)


def _used(message) -> Iterator[str]:  # type: ignore[no-untyped-def]
    """Full names of what a message's fields hold."""
    yield from (field.type_name[1:] for field in message.field if field.type_name)
    for inner in message.nested_type:
        yield from _used(inner)


def _in_order(roots: Iterable[str], files) -> list[str]:  # type: ignore[no-untyped-def]
    """The roots and what they import, imported before importing, the same on every run."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name not in order:
            for needed in files[name].dependency:
                visit(needed)
            order.append(name)

    for root in sorted(roots):
        visit(root)
    return order


if __name__ == "__main__":
    write() if sys.argv[1:] == ["write"] else main()
