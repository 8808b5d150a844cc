"""Regular expressions as Envoy reads them: the whole text must fit, and no pattern takes more than linear time.

Python's own `re` can be made to run for ever by a pattern a user writes, so it is not used here.
"""

from functools import lru_cache

import jsonschema_rs

_OPTIONS = jsonschema_rs.RegexOptions(size_limit=1 << 20, dfa_size_limit=1 << 20)


def fits(pattern: str, text: str) -> bool | None:
    """Whether the whole text fits the pattern; None if the pattern is none."""
    validator = _validator(pattern)
    return validator.is_valid(text) if validator else None


@lru_cache(maxsize=256)
def _validator(pattern: str) -> jsonschema_rs.Draft202012Validator | None:
    try:
        schema = {"pattern": f"^(?:{pattern})$"}
        return jsonschema_rs.Draft202012Validator(schema, pattern_options=_OPTIONS)
    except (ValueError, jsonschema_rs.ValidationError):
        return None
