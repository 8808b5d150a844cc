"""The typed stub of `tulle.xds.protos`, written from descriptors: constructor keywords the checker can check.

Only listed messages and the fields they can hold appear. Enum fields take their value's name.
"""

import keyword
from collections.abc import Iterable, Mapping

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

HEAD = '''\
"""Written by tools/xds_protos.py out of `messages.py`: do not edit."""

# ruff: noqa: A002, N802 - the names are Envoy's

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from google.protobuf.message import Message
'''

EXTRAS = {
    "Any": """\
    def Pack(self, msg: Message, type_url_prefix: str = ..., deterministic: bool | None = ...) -> None: ...
    def Unpack(self, msg: Message) -> bool: ...
"""
}

_SCALARS = {
    FieldDescriptor.CPPTYPE_BOOL: "bool",
    FieldDescriptor.CPPTYPE_DOUBLE: "float",
    FieldDescriptor.CPPTYPE_FLOAT: "float",
    FieldDescriptor.CPPTYPE_INT32: "int",
    FieldDescriptor.CPPTYPE_INT64: "int",
    FieldDescriptor.CPPTYPE_UINT32: "int",
    FieldDescriptor.CPPTYPE_UINT64: "int",
}


def stub_of(messages: Mapping[str, Descriptor]) -> str:
    """The stub's text; `messages` are the listed ones by short name."""
    short_names = {found.full_name: name for name, found in messages.items()}
    return "\n".join([HEAD, *(_class(name, messages[name], short_names) for name in messages)])


def _class(name: str, message: Descriptor, short_names: Mapping[str, str]) -> str:
    fields = [(field.name, *_types(field, short_names)) for field in _usable(message, short_names)]
    attributes = "".join(f"    {field}: {read}\n" for field, read, _ in fields)
    keywords = "".join(f"        {field}: {given} = ...,\n" for field, _, given in fields)
    parameters = f"        self,\n        *,\n{keywords}" if fields else "        self,\n"
    return (
        f"\nclass {name}(Message):\n{attributes}"
        f"    def __init__(\n{parameters}    ) -> None: ...\n{EXTRAS.get(name, '')}"
    )


def _usable(message: Descriptor, short_names: Mapping[str, str]) -> Iterable[FieldDescriptor]:
    for field in message.fields:
        deprecated = field.GetOptions().deprecated
        known = (
            _value(field).message_type is None
            or _value(field).message_type.full_name in short_names
        )
        if known and not deprecated and not keyword.iskeyword(field.name):
            yield field


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _value(field: FieldDescriptor) -> FieldDescriptor:
    return field.message_type.fields_by_name["value"] if _is_map(field) else field


def _types(field: FieldDescriptor, short_names: Mapping[str, str]) -> tuple[str, str]:
    """What reading the attribute gives, and what the constructor takes."""
    read, given = _single(_value(field), short_names)
    if _is_map(field):
        key, _ = _single(field.message_type.fields_by_name["key"], short_names)
        return f"Mapping[{key}, {read}]", f"Mapping[{key}, {given}]"
    if field.is_repeated:
        return f"Sequence[{read}]", f"Iterable[{given}]"
    # None leaves a field out; where absence means something, callers may say so.
    absent = field.message_type is not None or field.containing_oneof is not None
    return read, f"{given} | None" if absent else given


def _single(field: FieldDescriptor, short_names: Mapping[str, str]) -> tuple[str, str]:
    if field.message_type is not None:
        name = short_names[field.message_type.full_name]
        return name, name
    if field.enum_type is not None:
        return "int", _names(field.enum_type)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return "bytes", "bytes"
    scalar = _SCALARS.get(field.cpp_type, "str")
    return scalar, scalar


def _names(enum: EnumDescriptor) -> str:
    deprecated = {value.name for value in enum.values if value.GetOptions().deprecated}
    return f"Literal[{', '.join(repr(v.name) for v in enum.values if v.name not in deprecated)}]"
