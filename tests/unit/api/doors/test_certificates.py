"""What the TLS door shows, as a client sees it: verified against the mesh's roots."""

import asyncio
import os
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509

from tulle.api.doors.certificates import LIFETIME_S, DoorCertificate, addresses_of
from tulle.model.wire import CONTROL_PLANE_NAME
from tulle.reconcile.authority import MeshAuthority, open_authority
from tulle.store.keys import KeyFiles
from tulle.store.memory import MemoryStore

HOSTS = ("127.0.0.1", "mesh.example")
clock = time.time  # noqa: TID251 - TLS libraries ask the machine's own, so the certificates must too


@pytest.fixture
async def authority(tmp_path: Path) -> MeshAuthority:
    return await open_authority(KeyFiles(tmp_path / "pki"), MemoryStore(clock), "mesh.local", clock)


async def shown(context: ssl.SSLContext, roots: str, name: str) -> x509.Certificate:
    """The certificate a client sees that verifies it against roots and name."""
    server = await asyncio.start_server(_close, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        client = ssl.create_default_context(cadata=roots)
        _, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=client, server_hostname=name
        )
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
    return x509.load_der_x509_certificate(der)


async def _close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


@pytest.mark.parametrize("name", [CONTROL_PLANE_NAME, "127.0.0.1"])
async def test_clients_verify_it_by_the_control_planes_name_and_by_address(
    authority: MeshAuthority, tmp_path: Path, name: str
) -> None:
    door = DoorCertificate(authority, HOSTS, tmp_path, clock)

    assert await shown(door.context, authority.roots.pem, name)
    assert [entry.name for entry in os.scandir(tmp_path)] == ["pki"], "its key stays on no disk"


async def test_by_an_address_nobody_named_it_is_refused(
    authority: MeshAuthority, tmp_path: Path
) -> None:
    door = DoorCertificate(authority, HOSTS, tmp_path, clock)

    with pytest.raises(ssl.SSLCertVerificationError):
        await shown(door.context, authority.roots.pem, "10.0.0.5")


async def test_it_is_renewed_at_half_its_life_while_the_door_stays_open(
    authority: MeshAuthority, tmp_path: Path
) -> None:
    ahead_s = -0.6 * LIFETIME_S
    door = DoorCertificate(authority, HOSTS, tmp_path, lambda: clock() + ahead_s)
    roots = authority.roots.pem
    first = await shown(door.context, roots, CONTROL_PLANE_NAME)
    door.renew_if_due()
    same = await shown(door.context, roots, CONTROL_PLANE_NAME)
    ahead_s = 0.0
    door.renew_if_due()
    renewed = await shown(door.context, roots, CONTROL_PLANE_NAME)

    assert first.serial_number == same.serial_number != renewed.serial_number


def test_doors_at_every_address_are_reached_at_loopback_too() -> None:
    hosts = ["0.0.0.0", "10.0.0.5", "mesh.example", "fe80::1%eth0"]

    found = [str(address) for address in addresses_of(hosts)]

    assert found == ["127.0.0.1", "::1", "10.0.0.5", "fe80::1"]
