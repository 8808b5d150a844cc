"""What policies share: the targets they attach to and the status that says how it went."""

from typing import Literal

from tulle.model.resources import Conditions, Name, Value


class PolicyTargetRef(Value, frozen=True, kw_only=True):
    """A target in the policy's own namespace, or the whole mesh.

    Service (`group: ""`) means every workload it selects, `section_name` one of its ports by name;
    Namespace is the policy's own; Mesh (`group: tulle.dev`) is everything.
    """

    kind: Literal["Service", "Namespace", "Mesh"]
    name: Name
    group: str = ""
    section_name: str = ""


class PolicyStatus(Value, frozen=True, kw_only=True):
    """Condition Accepted, with reason TargetNotFound, Conflicted or Invalid where it is not."""

    conditions: Conditions = ()
