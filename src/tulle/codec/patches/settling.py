"""What an object is once it is stored: decoded, checked, and written as clients will see it, defaults included."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tulle.codec import decode, encode
from tulle.codec.patches.errors import NotAResource
from tulle.model.problems import Problem
from tulle.model.resources import Resource


@dataclass(frozen=True, slots=True)
class Settled:
    """A resource, the object clients see of it, and what deserves a look about it."""

    resource: Resource
    value: Mapping[str, Any]
    warnings: tuple[Problem, ...] = ()


def settle(value: Mapping[str, Any]) -> Settled:
    """The resource an object is; raises NotAResource with all that is wrong with it.

    Two objects that say the same, one of them with a default written out, settle alike: only so can they be
    compared field by field.
    """
    decoded = decode.from_objects([value])
    if len(decoded.resources) != 1:
        raise NotAResource(decoded.problems)
    return settled(decoded.resources[0], decoded.problems)


def settled(resource: Resource, warnings: tuple[Problem, ...] = ()) -> Settled:
    """A stored resource the same way."""
    return Settled(resource, encode.to_object(resource, defaults=True), warnings)
