"""Header changes of a route, in the way Envoy applies them: it removes first, then sets and adds in order."""

from typing import Literal

from tulle.graph.mesh import HeaderChanges
from tulle.xds.protos import HeaderValue, HeaderValueOption


def options(*steps: HeaderChanges) -> list[HeaderValueOption]:
    """What is set and added, step by step. What a later removal would take is left out."""
    made: list[HeaderValueOption] = []
    for number, step in enumerate(steps):
        gone = set(removed(*steps[number:]))
        made += (
            _option(*each, "OVERWRITE_IF_EXISTS_OR_ADD") for each in step.set if each[0] not in gone
        )
        made += (
            _option(*each, "APPEND_IF_EXISTS_OR_ADD") for each in step.add if each[0] not in gone
        )
    return made


def removed(*steps: HeaderChanges) -> list[str]:
    """The names that go, each once."""
    return list(dict.fromkeys(name for step in steps for name in step.remove))


_Append = Literal["OVERWRITE_IF_EXISTS_OR_ADD", "APPEND_IF_EXISTS_OR_ADD"]


def _option(name: str, value: str, append: _Append) -> HeaderValueOption:
    # A percent sign starts one of Envoy's own variables: ours are plain text.
    header = HeaderValue(key=name, value=value.replace("%", "%%"))
    return HeaderValueOption(header=header, append_action=append)
