"""JSON Merge Patch (RFC 7386): mappings merge, null takes away, everything else replaces."""

from tulle.codec.patches.errors import PatchError


def apply(document: object, patch: object) -> object:
    """The document after the patch, which must be a mapping: it changes a resource, and does not replace it."""
    if not isinstance(patch, dict):
        raise PatchError("", "a merge patch is a mapping of the fields to change")
    return merge(document, patch)


def merge(target: object, patch: object) -> object:
    """`MergePatch(Target, Patch)` of the RFC, section 2; neither is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged
