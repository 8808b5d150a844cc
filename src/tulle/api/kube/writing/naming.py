"""What a new resource is called: its own name, or one made up from `metadata.generateName`. Pure but for the letters."""

import secrets
from typing import Any

from tulle.api.kube.writing.bodies import Body
from tulle.api.kube.writing.refusals import InvalidRefused, bad_request
from tulle.api.kube.writing.revisions import Target
from tulle.model.problems import Problem
from tulle.model.resources import Resource, key_of

TRIES = 8
"""Times another name is made up where one is taken, as in Kubernetes."""

LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels, as in Kubernetes: no words come out."""

MADE_UP = 5
MAX_NAME = 63


def prefix_of(value: Any) -> str:
    """What a made-up name shall begin with; "" where the resource has a name, or none is wanted."""
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(metadata, dict) or metadata.get("name"):
        return ""
    prefix = metadata.get("generateName")
    return prefix if isinstance(prefix, str) else ""


def with_made_up_name(body: Body, prefix: str) -> Body:
    """The body under a name that begins as wanted and is most likely nobody's."""
    end = "".join(secrets.choice(LETTERS) for _ in range(MADE_UP))
    name = f"{prefix[: MAX_NAME - MADE_UP]}{end}"
    metadata = {**body.value["metadata"], "name": name}
    return Body({**body.value, "metadata": metadata}, body.twice)


def target_of(kind: type[Resource], namespace: str, body: Body) -> Target:
    """The key a body names, in the namespace of its path; raises ApiError if it names none."""
    if not isinstance(body.value, dict):
        raise bad_request("request-malformed", "the body must be a mapping: one resource")
    metadata = body.value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    key = key_of(kind, namespace, name if isinstance(name, str) else "")
    if not key.name:
        problem = Problem("metadata.name", "missing-field", "name or generateName is required")
        raise InvalidRefused(key, [problem])
    return Target(kind, key)
