"""Message classes out of `xds.binpb`, in a descriptor pool of their own.

The pool is private because the Python packages with these messages overwrite each other's modules. It asks for
a file only when a message needs it, so an agent that only makes secrets loads four files, not eighty.
"""

import pkgutil
from functools import cache

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from tulle.xds.protos.messages import FULL_NAMES


class Files:
    """The descriptor files by name and by the messages in them; what protobuf calls a descriptor database."""

    def __init__(self, files: FileDescriptorSet) -> None:
        self._by_name = {file.name: file for file in files.file}
        self._by_symbol = {
            f"{file.package}.{message.name}": file
            for file in files.file
            for message in file.message_type
        }

    def FindFileByName(self, name: str) -> FileDescriptorProto:  # noqa: N802 - protobuf's name
        """The file; KeyError where there is none, as protobuf asks."""
        return self._by_name[name]

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptorProto:  # noqa: N802 - protobuf's name
        """The file that defines a message; an inner message is found by its outer one."""
        while symbol not in self._by_symbol:
            symbol, _, inner = symbol.rpartition(".")
            if not inner:
                raise KeyError(symbol)
        return self._by_symbol[symbol]


@cache
def pool() -> DescriptorPool:
    """The private pool: `json_format` needs it to render what an Any holds."""
    data = pkgutil.get_data(__name__, "xds.binpb")
    assert data is not None, "tulle was installed without its descriptors"
    return DescriptorPool(Files(FileDescriptorSet.FromString(data)))


@cache
def message_class(short_name: str) -> type[Message]:
    """The class of a message by its name in `messages.FULL_NAMES`."""
    found = pool().FindMessageTypeByName(FULL_NAMES[short_name])
    return GetMessageClass(found)
