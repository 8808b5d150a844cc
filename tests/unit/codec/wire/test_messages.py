"""The tables of Kubernetes' binary messages; that they are right is told by kubectl itself, in tests/mesh."""

import pytest

from tulle.codec.wire.messages import MESSAGES, Message


@pytest.mark.parametrize("kind", MESSAGES, ids=str)
def test_no_field_has_two_numbers(kind: tuple[str, str]) -> None:
    pending = [MESSAGES[kind]]
    while pending:
        fields = list(pending.pop().fields.values())
        names = [field.name for field in fields]
        assert len(set(names)) == len(names)
        pending += [field.holds for field in fields if isinstance(field.holds, Message)]
