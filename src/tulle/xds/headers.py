"""Header changes of a route, in the way Envoy applies them: it removes first, then sets and adds in order."""

from typing import Literal

from tulle.graph.mesh import HeaderChanges
from tulle.xds.protos import HeaderValue, HeaderValueOption

HOST = "host"


def options(changes: HeaderChanges) -> list[HeaderValueOption]:
    """What is set and added. What would be removed again is left out, for Envoy removes before it sets.

    The host is no header to Envoy: see `host_of`.
    """
    gone = {*changes.remove, HOST}
    return [
        *(
            _option(name, value, "OVERWRITE_IF_EXISTS_OR_ADD")
            for name, value in changes.set
            if name not in gone
        ),
        *(
            _option(name, value, "APPEND_IF_EXISTS_OR_ADD")
            for name, value in changes.add
            if name not in gone
        ),
    ]


def removed(changes: HeaderChanges) -> list[str]:
    """The names that go."""
    return [name for name in changes.remove if name != HOST]


def host_of(changes: HeaderChanges) -> str:
    """The host the request is given; "" where it keeps its own."""
    return next((value for name, value in changes.set if name == HOST), "")


_Append = Literal["OVERWRITE_IF_EXISTS_OR_ADD", "APPEND_IF_EXISTS_OR_ADD"]


def _option(name: str, value: str, append: _Append) -> HeaderValueOption:
    # A percent sign starts one of Envoy's own variables: ours are plain text.
    header = HeaderValue(key=name, value=value.replace("%", "%%"))
    return HeaderValueOption(header=header, append_action=append)
