"""The authority of a mesh: made once, found again, never replaced in silence."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from tulle.model.kinds.core import Namespace
from tulle.model.kinds.mesh import DEFAULT_NAME, Mesh, MeshSpec
from tulle.pki import bundles
from tulle.pki.authorities import INTERMEDIATE_LIFETIME_S, new_root
from tulle.reconcile.authority import (
    CHECK_EVERY_S,
    INTERMEDIATE_FILE,
    ROOT_FILE,
    AuthorityError,
    MeshAuthority,
    open_authority,
)
from tulle.store.contract import Put
from tulle.store.errors import StoreExposed
from tulle.store.keys import KeyFiles
from tulle.store.memory import MemoryStore

NOW = 1_800_000_000.0


class Clock:
    """Unix seconds that only move when told."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def files(tmp_path: Path) -> KeyFiles:
    return KeyFiles(tmp_path / "pki")


@pytest.fixture
async def store(clock: Clock) -> MemoryStore:
    return MemoryStore(clock)


async def opened(files: KeyFiles, store: MemoryStore, clock: Clock) -> MeshAuthority:
    return await open_authority(files, store, "mesh.test", clock)


async def mesh_of(store: MemoryStore) -> Mesh:
    found = (await store.world()).get(Mesh, "", DEFAULT_NAME)
    assert found is not None
    return found


async def test_a_new_mesh_gets_settings_a_namespace_and_roots(
    files: KeyFiles, store: MemoryStore, clock: Clock
) -> None:
    authority = await opened(files, store, clock)

    mesh = await mesh_of(store)
    assert mesh.spec.trust_domain == authority.trust_domain == "mesh.test"
    assert mesh.status.trust_bundle == (authority.root.certificate_pem,)
    assert (await store.world()).get(Namespace, "", "default")
    assert not authority.current.is_root
    assert authority.current.root_pem == authority.root.certificate_pem


async def test_a_second_start_finds_the_same_authority_and_writes_nothing(
    files: KeyFiles, store: MemoryStore, clock: Clock
) -> None:
    first = await opened(files, store, clock)
    revision = (await store.world()).revision
    second = await opened(files, store, clock)

    assert second.root.certificate == first.root.certificate
    assert second.current.certificate == first.current.certificate
    assert (await store.world()).revision == revision


async def test_a_lost_key_is_never_replaced_in_silence(
    files: KeyFiles, store: MemoryStore, clock: Clock, tmp_path: Path
) -> None:
    await opened(files, store, clock)
    (tmp_path / "pki" / ROOT_FILE).unlink()

    with pytest.raises(AuthorityError, match="restore it from a backup") as caught:
        await opened(files, store, clock)

    assert caught.value.problem.code == "authority-missing"
    assert str(tmp_path / "pki" / ROOT_FILE) in caught.value.problem.message
    assert not (tmp_path / "pki" / ROOT_FILE).exists()


async def test_a_damaged_root_names_its_file(
    files: KeyFiles, store: MemoryStore, clock: Clock
) -> None:
    await opened(files, store, clock)
    files.write(ROOT_FILE, b"-----BEGIN nonsense")

    with pytest.raises(AuthorityError, match=r"pki/root\.pem"):
        await opened(files, store, clock)


async def test_a_damaged_intermediate_is_made_anew(
    files: KeyFiles, store: MemoryStore, clock: Clock
) -> None:
    first = await opened(files, store, clock)
    files.write(INTERMEDIATE_FILE, b"-----BEGIN nonsense")

    second = await opened(files, store, clock)

    assert second.root.certificate == first.root.certificate
    assert second.current.certificate != first.current.certificate


async def test_an_intermediate_of_another_root_is_made_anew(
    files: KeyFiles, store: MemoryStore, clock: Clock
) -> None:
    await opened(files, store, clock)
    restored = new_root("mesh.test", NOW)
    files.write(ROOT_FILE, restored.to_pem())

    authority = await opened(files, store, clock)

    assert authority.current.root == restored.certificate
    trusted = bundles.parse("".join((await mesh_of(store)).status.trust_bundle))
    assert isinstance(trusted, bundles.Bundle)
    assert len(trusted.roots) == 2
    assert authority.roots == trusted


async def test_keys_others_may_read_are_refused(
    files: KeyFiles, store: MemoryStore, clock: Clock, tmp_path: Path
) -> None:
    await opened(files, store, clock)
    (tmp_path / "pki" / ROOT_FILE).chmod(0o644)

    with pytest.raises(StoreExposed):
        await opened(files, store, clock)


async def test_the_trust_domain_of_a_mesh_cannot_move_away_from_its_authority(
    files: KeyFiles, store: MemoryStore, clock: Clock
) -> None:
    await opened(files, store, clock)
    mesh = await mesh_of(store)
    moved = msgspec.structs.replace(mesh, spec=MeshSpec(trust_domain="other.test"))
    await store.write([Put(moved)])

    with pytest.raises(AuthorityError, match="trust-domain-mismatch"):
        await opened(files, store, clock)


async def test_a_trust_domain_asked_for_too_late_is_refused_and_not_ignored(
    files: KeyFiles, store: MemoryStore, clock: Clock
) -> None:
    await opened(files, store, clock)

    with pytest.raises(AuthorityError, match="trust-domain-fixed"):
        await open_authority(files, store, "other.test", clock)
    assert (await open_authority(files, store, "", clock)).trust_domain == "mesh.test"


async def test_the_intermediate_is_renewed_in_the_last_third_of_its_life_and_kept(
    files: KeyFiles, store: MemoryStore, clock: Clock
) -> None:
    authority = await opened(files, store, clock)
    first = authority.current
    clock.now = NOW + INTERMEDIATE_LIFETIME_S / 2
    assert not authority.renew_if_due()
    clock.now = NOW + INTERMEDIATE_LIFETIME_S * 0.7

    assert authority.renew_if_due()

    assert authority.current.certificate != first.certificate
    again = await opened(files, store, clock)
    assert again.current.certificate == authority.current.certificate


@pytest.mark.looptime
async def test_a_disk_that_is_full_when_it_is_due_ends_nothing(
    files: KeyFiles, store: MemoryStore, clock: Clock, tmp_path: Path
) -> None:
    authority = await opened(files, store, clock)
    first = authority.current
    clock.now = NOW + INTERMEDIATE_LIFETIME_S * 0.7
    folder = tmp_path / "pki"
    folder.rename(tmp_path / "aside")
    folder.write_text("in the way")
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(authority.run())
        await asyncio.sleep(1.5 * CHECK_EVERY_S)
        assert authority.current is first

        folder.unlink()
        await asyncio.sleep(CHECK_EVERY_S)
        assert authority.current is not first
        keeping.cancel()
