"""Which resource is older: where two want the same, that one has it."""

from tulle.model.resources import Metadata

Age = tuple[bool, str, str, str]
"""Orders resources from old to new; those without a time (not stored yet) are the newest."""


def age_of(metadata: Metadata) -> Age:
    """Oldest first, then by namespace and name."""
    time = metadata.creation_timestamp
    return (not time, time, metadata.namespace, metadata.name)
