"""Data directories as a server leaves them, for the tests of backups."""

from pathlib import Path

from tulle.model.kinds.core import Secret
from tulle.model.kinds.service import Service
from tulle.model.resources import Metadata
from tulle.pki.tokens import TokenRecord, hash_secret
from tulle.reconcile.authority import open_authority
from tulle.store.backups.archive import Lock
from tulle.store.contract import Delete, Put
from tulle.store.files import KEYS_FOLDER, STORE_FILE
from tulle.store.keys import KeyFiles
from tulle.store.sqlite import SqliteStore

NOW = 1_800_000_000.0
CHEAP = Lock(salt=b"salt", n=2)
"""A lock that costs nothing to try."""


def clock() -> float:
    return NOW


def service(name: str) -> Service:
    return Service(metadata=Metadata(name=name, namespace="shop"))


async def open_store(folder: Path) -> SqliteStore:
    return SqliteStore.open(folder / STORE_FILE, clock)


async def data_dir(folder: Path) -> Path:
    """A mesh with an authority, some resources, a removal and a token."""
    store = await open_store(folder)
    await open_authority(KeyFiles(folder / KEYS_FOLDER), store, "shop.example", clock)
    await store.write([Put(service("a")), Put(service("b"))])
    await store.write([Delete(service("b").key)])
    secret = Secret(metadata=Metadata(name="s", namespace="shop"), data={"k": "aHVudGVyMg=="})
    await store.write([Put(secret)])
    record = TokenRecord("t", hash_secret(b"x"), "shop", "web", {}, expires_at=NOW + 60)
    await store.save_token(record)
    await store.close()
    return folder
