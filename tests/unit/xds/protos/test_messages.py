"""The table of messages is in order."""

from tulle.xds.protos.messages import FULL_NAMES, MODULES


def test_no_message_has_two_short_names() -> None:
    assert len(set(FULL_NAMES.values())) == len(FULL_NAMES)


def test_modules_are_listed_once_and_in_order() -> None:
    assert list(MODULES) == sorted(set(MODULES))
