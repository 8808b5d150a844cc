"""How lists and mappings are merged: said once, beside the fields of the kinds, in Kubernetes' own words.

The words become part of a kind's JSON Schema. `codec.patches` reads them there for strategic merge patches and
for server-side apply, and OpenAPI hands them to clients, so all of them agree. A list without a word is
atomic (one owner, replaced whole), a mapping granular (one owner for each key).
"""

from typing import Any

import msgspec

LIST_TYPE = "x-kubernetes-list-type"
LIST_KEYS = "x-kubernetes-list-map-keys"
MAP_TYPE = "x-kubernetes-map-type"
MERGE_KEY = "x-kubernetes-patch-merge-key"
STRATEGY = "x-kubernetes-patch-strategy"


def keyed(*keys: str, merge_key: str = "") -> msgspec.Meta:
    """A list whose items are told apart by these fields; strategic merge patches go by `merge_key` alone."""
    words: dict[str, Any] = {LIST_TYPE: "map", LIST_KEYS: list(keys)}
    if merge_key:
        words |= {STRATEGY: "merge", MERGE_KEY: merge_key}
    return msgspec.Meta(extra_json_schema=words)


AS_SET = msgspec.Meta(extra_json_schema={LIST_TYPE: "set"})
"""A list of values that are there or not; the order says nothing."""

MERGED_SET = msgspec.Meta(extra_json_schema={LIST_TYPE: "set", STRATEGY: "merge"})
"""The same, and a strategic merge patch adds to it instead of replacing it."""

ATOMIC_LIST = msgspec.Meta(extra_json_schema={LIST_TYPE: "atomic"})
"""A list with one owner: what a list without any word is too, said aloud."""

ATOMIC_MAP = msgspec.Meta(extra_json_schema={MAP_TYPE: "atomic"})
"""A mapping that means something only as a whole, such as a selector."""
