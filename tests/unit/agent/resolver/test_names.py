"""One workload's DNS, whole, fed by hand."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path

import dns.asyncquery
import dns.message
from tests.unit.agent.resolver.servers import name_server
from tests.unit.dns.meshes import DATABASE, REVIEWS

from tulle.ads.messages import frame_resource
from tulle.ads.wire import field, text_field
from tulle.agent.resolver import takeover
from tulle.agent.resolver.names import Names
from tulle.agent.resolver.places import Place
from tulle.agent.resolver.sockets import open_pairs, port_of
from tulle.dns.wishes import Dns, DnsMode
from tulle.model.directory import Entry, encode_entry
from tulle.xds.snapshots import TypeUrl, XdsResource


def framed(body: bytes, name: str, version: str = "1") -> XdsResource:
    box = text_field(1, TypeUrl.NAME) + field(2, body)
    return XdsResource(name, version, frame_resource(name, version, box))


class Fed:
    """A feed a test writes to."""

    def __init__(self) -> None:
        self.names: Mapping[str, XdsResource] | None = None
        self.renamed = asyncio.Event()

    def tell(self, *entries: Entry) -> None:
        self.names = {
            str(one.service): framed(encode_entry(one), str(one.service)) for one in entries
        }
        self.renamed.set()


@asynccontextmanager
async def running(feed: Fed, host_file: Path, mode: DnsMode = DnsMode.PORT) -> AsyncIterator[Names]:
    pairs = open_pairs(("127.0.0.1",), 0)
    place = Place(pairs, "127.0.0.1", port_of(pairs), 1)
    names = Names(Dns(mode), place, "shop", host_file=host_file)
    with closing(names):
        async with asyncio.TaskGroup() as group:
            task = group.create_task(names.run(feed))
            yield names
            task.cancel()


async def ask(names: Names, name: str) -> list[str]:
    query = dns.message.make_query(name, "A")
    found = await dns.asyncquery.udp(query, "127.0.0.1", port=names.port, timeout=5)
    return [str(record) for rrset in found.answer for record in rrset]


async def test_it_answers_what_it_is_told_and_follows_changes(tmp_path: Path) -> None:
    feed = Fed()
    async with running(feed, tmp_path / "none") as names:
        feed.tell(REVIEWS)
        await names.answers()
        assert await ask(names, "reviews") == ["240.0.0.7"]
        assert await ask(names, "db-1.db.shop.mesh") == []
        feed.tell(REVIEWS, DATABASE)
        while await ask(names, "db-1.db.shop.mesh") != ["10.0.0.1"]:
            pass


async def test_what_a_newer_server_says_in_other_words_costs_that_name_only(tmp_path: Path) -> None:
    feed = Fed()
    odd = framed(b'{"type":"hologram","namespace":"shop","name":"x"}', "shop/x")
    feed.names = {"shop/x": odd, "shop/reviews": framed(encode_entry(REVIEWS), "shop/reviews")}
    async with running(feed, tmp_path / "none") as names:
        await names.answers()
        assert await ask(names, "reviews") == ["240.0.0.7"]


async def test_the_hosts_servers_are_asked_for_everything_else(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    async with name_server() as (server, heard):
        file.write_text("nameserver 127.0.0.1\n")
        feed = Fed()
        feed.tell(REVIEWS)
        async with running(feed, file) as names:
            await names.answers()
            # Port 53 is nobody's here: what matters is who would be asked.
            servers = names._source.servers()
    assert [one.address for one in servers] == [server.address]
    assert heard.asked == []


async def test_in_mode_host_the_file_is_ours_while_it_answers(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 192.0.2.1\nsearch corp.example\n")
    feed = Fed()
    async with running(feed, file, DnsMode.HOST) as names:
        await asyncio.sleep(0)
        assert "192.0.2.1" in file.read_text()
        feed.tell(REVIEWS)
        await names.answers()
        assert "nameserver 127.0.0.1\n" in file.read_text()
        assert "search shop.svc.cluster.local svc.cluster.local corp.example\n" in file.read_text()
        assert takeover.saved(file).exists()
    assert file.read_text() == "nameserver 192.0.2.1\nsearch corp.example\n"


async def test_only_a_program_with_a_file_of_its_own_gets_one(tmp_path: Path) -> None:
    async with running(Fed(), tmp_path / "none") as names:
        assert names.program_file() == ""
    async with running(Fed(), tmp_path / "none", DnsMode.RESOLV_CONF) as names:
        assert "nameserver 127.0.0.1\n" in names.program_file()
