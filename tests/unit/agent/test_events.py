import dataclasses

import pytest

from tulle.agent.events import Notice


def test_events_cannot_be_changed_by_who_hears_them():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Notice("hello").text = "bye"  # type: ignore[misc]
