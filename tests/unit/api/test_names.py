"""Names as the API gives them."""

import msgspec

from tulle.api.names import NameList
from tulle.model.directory import VirtualEntry


def test_entries_say_which_kind_they_are() -> None:
    listed = NameList(items=(VirtualEntry(namespace="shop", name="api"),))

    assert msgspec.json.decode(msgspec.json.encode(listed)) == {
        "items": [{"type": "virtual", "namespace": "shop", "name": "api"}]
    }
