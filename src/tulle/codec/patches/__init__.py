"""Changes of plain objects: what is stored and what a client sends in, what should be stored out.

`json_patch` (RFC 6902) and `merge_patch` (RFC 7386) know nothing of kinds. `strategic` merges lists by the words
of `model.lists`, for core kinds; `apply` is server-side apply, with owners (`managers`) of sets of fields
(`fields`). `shapes` reads those words from a kind's schema. All of it is pure: time and names come in as values.
"""
