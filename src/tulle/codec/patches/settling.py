"""What an object is once it is stored: decoded, checked, and written as clients will see it, defaults included."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tulle.codec import decode, encode
from tulle.codec.patches.errors import NotAResource
from tulle.model.kinds.core import Secret
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
    return settled(as_kept(decoded.resources[0]), decoded.problems)


def as_kept(resource: Resource) -> Resource:
    """A resource as it is stored: the plain texts of a Secret are written in base64 beside its data, as in Kubernetes."""
    if not isinstance(resource, Secret) or not resource.string_data:
        return resource
    encoded = {
        key: base64.b64encode(text.encode()).decode() for key, text in resource.string_data.items()
    }
    return msgspec.structs.replace(resource, data={**resource.data, **encoded}, string_data={})


def settled(resource: Resource, warnings: tuple[Problem, ...] = ()) -> Settled:
    """A stored resource the same way."""
    return Settled(resource, encode.to_object(resource, defaults=True), warnings)
