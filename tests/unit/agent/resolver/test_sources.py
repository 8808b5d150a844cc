"""The host's servers, whatever becomes of their file."""

from pathlib import Path

from tulle.agent.resolver.sources import Source, resolv_conf_of
from tulle.dns.resolv_conf import ResolvConf, render
from tulle.dns.upstreams import Server


class Time:
    now = 0.0

    def __call__(self) -> float:
        self.now += 2.0
        return self.now


def source(path: Path, saved: Path | None = None, ours: tuple[str, ...] = ()) -> Source:
    return Source(path, saved, lambda server: server.address in ours, Time())


def test_the_servers_of_the_file_are_asked_but_never_ourselves(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 127.53.0.1\nnameserver 192.0.2.1\nsearch corp.example\n")
    found = source(file, ours=("127.53.0.1",))
    assert found.servers() == (Server("192.0.2.1"),)
    assert found.conf.search == ("corp.example",)


def test_a_change_of_the_file_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 192.0.2.1\n")
    found = source(file)
    assert found.servers() == (Server("192.0.2.1"),)
    file.write_text("nameserver 192.0.2.22\n")
    assert found.servers() == (Server("192.0.2.22"),)
    file.unlink()
    assert found.servers() == ()
    file.write_text("nameserver 192.0.2.33\n")
    assert found.servers() == (Server("192.0.2.33"),)


def test_of_a_file_we_wrote_the_one_before_counts(tmp_path: Path) -> None:
    file, saved = tmp_path / "resolv.conf", tmp_path / "saved"
    file.write_text(render("127.53.0.1", "shop", ResolvConf()))
    saved.write_text("nameserver 192.0.2.1\n")
    assert source(file, saved).servers() == (Server("192.0.2.1"),)


def test_a_network_namespace_may_have_a_file_of_its_own() -> None:
    assert resolv_conf_of("") == resolv_conf_of("no-such-name") == Path("/etc/resolv.conf")
    assert resolv_conf_of("/run/netns/no-such-name") == Path("/etc/resolv.conf")
    assert resolv_conf_of("/proc/4711/ns/net") == Path("/proc/4711/root/etc/resolv.conf")


def test_a_file_nobody_may_read_names_nobody(tmp_path: Path) -> None:
    assert source(tmp_path).servers() == ()
