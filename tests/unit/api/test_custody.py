"""Backups through the socket: sealed where there are keys in them, and nothing for who came by another door."""

import base64
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from tests.unit.api.servers import NOW, now, serving
from tests.unit.reconcile.meshes import service
from tests.unit.store.backups.meshes import CHEAP

from tulle.api.custody import Custody, SealWith
from tulle.api.doors.guards import BY_TOKEN, CALLER
from tulle.api.errors import ApiError
from tulle.store.backups.archive import read_head, unpack
from tulle.store.backups.inspection import inspect
from tulle.store.keys import KeyFiles
from tulle.store.sqlite import SqliteStore

BACKUP, CHECK = "/tulle/v1/store/backup", "/tulle/v1/store/check"


async def test_a_running_server_is_backed_up_with_its_keys(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "store.db", now)
    key = CHEAP.key("a passphrase")
    body = msgspec.to_builtins({"seal": {"key": key, "lock": CHEAP}})
    async with serving(store, tmp_path) as api:
        applied = (await api.apply(service("a")))["revision"]
        url = f"http://tulle{BACKUP}"
        async with api.client.post(url, data=msgspec.json.encode(body)) as response:
            data = await response.read()
            assert response.status == 200
            assert response.headers["Cache-Control"] == "no-store"
    await store.close()

    assert read_head(data).revision >= applied
    contents = unpack(data, "a passphrase")
    assert sorted(contents.keys) == ["api-token", "intermediate.pem", "root.pem"]
    assert {finding.status for finding in inspect(contents, NOW)} == {"ok"}


async def test_keys_do_not_leave_unsealed(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "store.db", now)
    async with serving(store, tmp_path) as api:
        answer = await api.ask("POST", BACKUP, {"withKeys": True})
        body = b'{"withKeys": false}'
        async with api.client.post(f"http://tulle{BACKUP}", data=body) as response:
            plain = await response.read()
    await store.close()

    assert answer.status == 422
    assert answer.body["problems"][0]["code"] == "passphrase-needed"
    assert read_head(plain).keys == ()


async def test_a_running_server_looks_itself_over(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "store.db", now)
    async with serving(store, tmp_path) as api:
        answer = await api.get(CHECK)
    await store.close()

    found = {check["name"]: check["status"] for check in answer["checks"]}
    assert found["root"] == found["revisions"] == "ok"
    assert set(found.values()) == {"ok"}


@pytest.mark.parametrize("handler", ["backup", "check"])
async def test_through_another_door_nothing_is_told(tmp_path: Path, handler: str) -> None:
    store = SqliteStore.open(tmp_path / "store.db", now)
    custody = Custody(store, KeyFiles(tmp_path), now)
    request: web.Request = make_mocked_request("POST", BACKUP)
    request[CALLER] = BY_TOKEN

    with pytest.raises(ApiError) as error:
        await getattr(custody, handler)(request)
    assert error.value.status == 403
    await store.close()


def test_the_key_of_a_seal_is_not_shown() -> None:
    shown = repr(SealWith(key=b"hunter2", lock=CHEAP))

    assert "hunter2" not in shown
    assert base64.b64encode(b"hunter2").decode() not in shown
