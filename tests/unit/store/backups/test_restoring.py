import shutil
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.unit.store.backups.meshes import NOW, clock, data_dir, open_store, service

from tulle.pki.tokens import hash_secret
from tulle.reconcile.authority import open_authority
from tulle.store.backups.archive import Contents
from tulle.store.backups.inspection import inspect
from tulle.store.backups.restoring import GAP, finish_if_cut_off, restore
from tulle.store.backups.taking import from_folder
from tulle.store.contract import Put
from tulle.store.errors import BackupDamaged, Compacted, RestoreRefused, StoreInUse
from tulle.store.files import KEYS_FOLDER, STORE_FILE
from tulle.store.keys import KeyFiles


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    return await data_dir(tmp_path / "data")


@pytest.fixture
def contents(folder: Path) -> Contents:
    return from_folder(folder, with_keys=True)


async def write_on(folder: Path, *names: str) -> int:
    """More changes, as a server makes after a backup was taken; the revision then."""
    store = await open_store(folder)
    for name in names:
        await store.write([Put(service(name))])
    revision = (await store.world()).revision
    await store.close()
    return revision


async def names_in(folder: Path) -> list[str]:
    store = await open_store(folder)
    world = await store.world()
    await store.close()
    return [f"{r.KIND} {r.metadata.name}" for r in world]


async def test_a_restored_store_is_what_was_backed_up(
    folder: Path, contents: Contents, tmp_path: Path
) -> None:
    done = restore(tmp_path / "new", contents, replace=False)

    assert await names_in(tmp_path / "new") == await names_in(folder)
    again = from_folder(tmp_path / "new", with_keys=True)
    assert again.keys == contents.keys
    assert {finding.status for finding in inspect(again, NOW)} == {"ok"}
    assert done.moved_to is None
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [
        KEYS_FOLDER,
        STORE_FILE,
        f"{STORE_FILE}.lock",
    ]
    modes = {p.stat().st_mode & 0o777 for p in (tmp_path / "new").rglob("*") if p.is_file()}
    assert modes == {0o600}


async def test_the_authority_goes_on_with_its_root(
    folder: Path, contents: Contents, tmp_path: Path
) -> None:
    restore(tmp_path / "new", contents, replace=False)

    store = await open_store(tmp_path / "new")
    keys = KeyFiles(tmp_path / "new" / KEYS_FOLDER)
    authority = await open_authority(keys, store, "", clock)
    await store.close()

    assert authority.root.to_pem() == contents.keys["root.pem"]


async def test_the_revision_goes_on_beyond_all_that_were_seen(
    folder: Path, contents: Contents
) -> None:
    seen = await write_on(folder, "c", "d", "e")

    done = restore(folder, contents, replace=True)

    assert done.revision == seen + GAP
    store = await open_store(folder)
    for revision in (1, seen, seen + 1, seen + GAP - 1):
        with pytest.raises(Compacted):
            async with aclosing(store.watch(revision)) as batches:
                await anext(batches)
    async with aclosing(store.watch(done.revision)) as batches:
        written = await store.write([Put(service("new"))])
        assert await anext(batches) == written
    assert written.revision == done.revision + 1
    await store.close()


async def test_join_tokens_do_not_come_back(contents: Contents, tmp_path: Path) -> None:
    restore(tmp_path / "new", contents, replace=False)

    store = await open_store(tmp_path / "new")
    assert await store.take_token("t", hash_secret(b"x"), NOW) is None
    await store.close()


async def test_a_store_that_is_there_is_not_overwritten(folder: Path, contents: Contents) -> None:
    await write_on(folder, "c")
    before = await names_in(folder)

    with pytest.raises(RestoreRefused) as caught:
        restore(folder, contents, replace=False)

    assert "--replace" in caught.value.hint
    assert await names_in(folder) == before


async def test_what_is_replaced_is_kept_aside(folder: Path, contents: Contents) -> None:
    await write_on(folder, "c")

    done = restore(folder, contents, replace=True)

    assert done.moved_to == folder / "replaced-1"
    assert "Service c" not in await names_in(folder)
    assert "Service c" in await names_in(folder / "replaced-1")
    assert (folder / "replaced-1" / KEYS_FOLDER / "root.pem").exists()
    assert restore(folder, contents, replace=True).moved_to == folder / "replaced-2"


async def test_a_running_server_is_not_restored_under(folder: Path, contents: Contents) -> None:
    store = await open_store(folder)
    with pytest.raises(StoreInUse):
        restore(folder, contents, replace=True)
    await store.write([Put(service("c"))])
    await store.close()


async def test_a_damaged_store_can_be_replaced(folder: Path, contents: Contents) -> None:
    (folder / STORE_FILE).write_bytes(b"nonsense" * 1000)

    assert restore(folder, contents, replace=True).revision == 7 + GAP


def test_a_backup_that_holds_no_store_changes_nothing(contents: Contents, tmp_path: Path) -> None:
    with pytest.raises(BackupDamaged):
        restore(tmp_path / "new", Contents(b"nonsense", contents.keys), replace=False)

    assert [p.name for p in (tmp_path / "new").iterdir()] == [f"{STORE_FILE}.lock"]


def test_a_key_file_cannot_leave_its_folder(contents: Contents, tmp_path: Path) -> None:
    keys = {**contents.keys, "../../outside": b"x"}

    with pytest.raises(BackupDamaged):
        restore(tmp_path / "new", Contents(contents.image, keys), replace=False)
    assert not (tmp_path / "outside").exists()


async def test_without_keys_those_of_the_directory_stay(folder: Path, contents: Contents) -> None:
    restore(folder, Contents(contents.image), replace=True)

    assert from_folder(folder, with_keys=True).keys == contents.keys


def test_without_any_keys_nothing_is_restored(contents: Contents, tmp_path: Path) -> None:
    with pytest.raises(RestoreRefused, match="no keys"):
        restore(tmp_path / "new", Contents(contents.image), replace=False)


class CutOff(BaseException):
    """The machine went down."""


STEPS = ("rename", "unlink", "mkdir")


@pytest.mark.parametrize("cut", range(1, 40))
async def test_a_restore_is_all_or_nothing_wherever_it_is_cut_off(
    folder: Path, contents: Contents, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    """What changes the folder's names is counted; the cut-th change does not happen any more, nor do later ones."""
    await write_on(folder, "c")
    before = await names_in(folder)
    changes = 0

    def counted(real: Any) -> Any:
        def change(*arguments: Any, **options: Any) -> Any:
            nonlocal changes
            changes += 1
            if changes >= cut:
                raise CutOff
            return real(*arguments, **options)

        return change

    with monkeypatch.context() as patch:
        for step in (*STEPS, "replace"):
            patch.setattr(Path, step, counted(getattr(Path, step)))
        patch.setattr(shutil, "rmtree", counted(shutil.rmtree))
        with suppress(CutOff):
            restore(folder, contents, replace=True)

    finish_if_cut_off(folder)
    after = await names_in(folder)
    restored = [name for name in before if name != "Service c"]
    assert after in (before, restored)
    assert {f.status for f in inspect(from_folder(folder, with_keys=True), NOW)} == {"ok"}
    assert not (folder / "restore.ready").exists()
    if after == restored:
        assert "Service c" in await names_in(folder / "replaced-1")
    restore(folder, contents, replace=True)  # and it can be done again
    assert await names_in(folder) == restored
