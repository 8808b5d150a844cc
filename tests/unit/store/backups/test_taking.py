from pathlib import Path

import pytest
from tests.unit.store.backups.meshes import CHEAP, data_dir, open_store

from tulle.store.backups.archive import read_head, unpack
from tulle.store.backups.taking import Seal, from_folder, packed
from tulle.store.errors import StoreInUse, StoreUnusable


async def test_store_and_keys_of_a_folder_are_taken(tmp_path: Path) -> None:
    folder = await data_dir(tmp_path / "data")
    contents = from_folder(folder, with_keys=True)

    data = packed(contents, "1.2.3", "2027-01-15T08:00:00Z", Seal.of("a passphrase", CHEAP))

    assert unpack(data, "a passphrase") == contents
    head = read_head(data)
    assert (head.revision, head.trust_domain) == (7, "shop.example")
    assert head.keys == ("intermediate.pem", "root.pem")


async def test_without_keys_none_are_taken(tmp_path: Path) -> None:
    folder = await data_dir(tmp_path / "data")

    assert from_folder(folder, with_keys=False).keys == {}


async def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    store = await open_store(await data_dir(tmp_path / "data"))
    with pytest.raises(StoreInUse):
        from_folder(tmp_path / "data", with_keys=True)
    await store.close()


def test_a_folder_without_a_store_is_refused_and_left_empty(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="no store"):
        from_folder(tmp_path, with_keys=True)
    assert list(tmp_path.iterdir()) == []


def test_a_seal_does_not_show_its_key() -> None:
    seal = Seal.of("a passphrase", CHEAP)

    assert repr(seal.key) not in repr(seal)
