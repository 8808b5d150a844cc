"""Network namespaces acting as hosts: what tests of whole hosts are made of. Needs root and Linux.

    with network("vm", "db") as net:
        net["vm"].run("ping", "-c1", net["db"].ipv4)
        with net.cut("vm", "db"):             # nothing passes, either way; `one_way=True`: vm cannot reach db
            ...
        with net.slow("vm", "db", Shape(delay_s=0.05, loss=0.01), seed=7) as link:
            link.shape(Shape(loss=0.3))       # while it runs

Every host has `eth0` on one bridge, IPv4 and IPv6 addresses, loopback, and a default route to a router that leads
nowhere (it answers "unreachable"). Bridge and router are a namespace too: the machine's own addresses, routes and
rules are never touched. Commands enter by `nsenter --net`, which, unlike `ip netns exec`, leaves /sys/fs/cgroup
visible. With `private=True` a host also has mounts and a host name of its own.

At the end every process in the hosts is killed and everything is gone, also after a failed test. What a killed
run left is swept by the next one: names hold the process that made them. Without root tests are skipped, saying so;
where `CI` is set nothing is skipped.
"""

import contextlib
import ctypes
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.tunnel import CLONE_NEWNET, Shape

NAMESPACES = Path("/run/netns")
PREFIX = "tulle-test"
TUNNEL = Path(__file__).with_name("tunnel.py")
TOOLS = ("ip", "nft", "nsenter", "setpriv", "unshare")
SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
ROUTER_V4, ROUTER_V6 = "10.77.0.254", "fd77::fe"
WAIT_S = 10.0

_numbers = itertools.count()

COVER = """
set -e
mkdir -p "$1"
copy=$(mktemp -d)
if [ "$2" = copy ]; then cp -a "$1/." "$copy"; fi
mount -t tmpfs -o mode="$(stat -c %a "$1")" tmpfs "$1"
cp -a "$copy/." "$1"
rm -rf "$copy"
"""


@dataclass
class Host:
    """A namespace of its own, at 10.77.0.N and fd77::N."""

    name: str
    namespace: str
    ipv4: str
    ipv6: str
    entry: tuple[str, ...]
    """What comes before a command to run it here."""
    anchor: "subprocess.Popen[bytes] | None" = None
    """The sleeping process that holds its mounts and its host name, if it has its own."""

    def run(
        self, *words: str, check: bool = True, timeout_s: float = 60, **more: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; what it says is in the error when it fails and that matters."""
        done = subprocess.run(
            [*self.entry, *words],
            **{"capture_output": True, "text": True, "timeout": timeout_s, **more},
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(
                f"{self.name}: {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def popen(self, *words: str, **more: Any) -> "subprocess.Popen[bytes]":
        """Start a command; the process is the command itself, not a parent of it."""
        return subprocess.Popen([*self.entry, *words], **more)

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Sockets this thread makes meanwhile belong to this host, for good."""
        here = Path("/proc/thread-self/ns/net")
        with here.open() as back, (NAMESPACES / self.namespace).open() as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(back.fileno())

    def own(self, folder: str, *, copy: bool = True) -> None:
        """Give this host (made with `private=True`) a folder of its own: a copy of the machine's, or an empty one."""
        assert self.anchor, "make the network with private=True"
        self.run("sh", "-c", COVER, "sh", folder, "copy" if copy else "empty")

    @property
    def netns(self) -> str:
        """A path of the namespace that is good in every mount namespace too, while there is an anchor."""
        return (
            f"/proc/{self.anchor.pid}/ns/net" if self.anchor else str(NAMESPACES / self.namespace)
        )

    def pids(self) -> list[int]:
        """Every process that is in this host."""
        return _pids(self.namespace)


@dataclass(frozen=True)
class Link:
    """A running tunnel between two hosts."""

    process: "subprocess.Popen[str]"

    def shape(self, shape: Shape) -> None:
        """From now on it does this to packets; those under way keep their fate."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(asdict(shape)) + "\n")
        self.process.stdin.flush()
        self.expect("shaped")

    def expect(self, word: str) -> None:
        assert self.process.stdout
        said = self.process.stdout.readline().strip()
        assert said == word, f"the tunnel says {said!r}, not {word}"


@dataclass
class Network:
    """Hosts that reach each other."""

    switch: str
    hosts: dict[str, Host] = field(default_factory=dict)
    _cuts: set[tuple[str, str]] = field(default_factory=set)
    _links: Iterator[int] = field(default_factory=itertools.count)

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    @contextlib.contextmanager
    def cut(self, source: str, target: str, *, one_way: bool = False) -> Iterator[None]:
        """Meanwhile nothing from `source` reaches `target`, nor (unless one way) the other way round."""
        cuts = {(source, target)} if one_way else {(source, target), (target, source)}
        self._set_cuts(self._cuts | cuts)
        try:
            yield
        finally:
            self._set_cuts(self._cuts - cuts)

    def _set_cuts(self, cuts: set[tuple[str, str]]) -> None:
        changed = {target for _, target in cuts ^ self._cuts}
        self._cuts = cuts
        for target in sorted(changed):
            sources = [self.hosts[source] for source, other in sorted(cuts) if other == target]
            self.hosts[target].run("nft", "-f", "-", input=_drops(sources))

    @contextlib.contextmanager
    def slow(self, first: str, second: str, shape: Shape, *, seed: int) -> Iterator[Link]:
        """Meanwhile what the two say to each other goes through a tunnel of that shape; addresses stay."""
        a, b = self.hosts[first], self.hosts[second]
        device = f"slow{next(self._links)}"
        command = [sys.executable, str(TUNNEL), a.namespace, b.namespace, device, str(seed)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        link = Link(process)
        try:
            link.expect("ready")
            link.shape(shape)
            _route(a, b, device)
            _route(b, a, device)
            yield link
        finally:
            process.kill()
            process.communicate()


@contextlib.contextmanager
def network(*names: str, private: bool = False) -> Iterator[Network]:
    """Hosts of these names on one bridge; `private`: each with mounts and a host name of its own too."""
    if reason := why_not():
        assert "CI" not in os.environ, reason
        pytest.skip(reason)
    sweep()
    start = f"{PREFIX}-{os.getpid()}-{_start_of(os.getpid())}-{next(_numbers)}"
    net = Network(f"{start}-switch")
    try:
        _make_switch(net.switch)
        for name in names:
            _make_host(net, name, f"{start}-{name}", private)
        yield net
    finally:
        for host in net.hosts.values():
            _remove(host.namespace)
            if host.anchor:
                host.anchor.communicate()
        _remove(net.switch)


def why_not() -> str:
    """Why there can be no hosts here, and what to do; empty if there can."""
    if sys.platform != "linux":
        return "namespaces acting as hosts need Linux"
    if os.geteuid() != 0:
        return "namespaces acting as hosts need root: run as root, as CI does"
    if missing := [tool for tool in TOOLS if not shutil.which(tool, path=SYSTEM_PATH)]:
        return f"namespaces acting as hosts need {', '.join(missing)}: `make system` installs them"
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        return "namespaces acting as hosts need CAP_SYS_ADMIN and CAP_NET_ADMIN"
    return ""


def sweep() -> list[str]:
    """Remove what killed runs left, and say what; what a running process made stays."""
    found = NAMESPACES.glob(f"{PREFIX}-*") if NAMESPACES.exists() else ()
    left = [path.name for path in found if not _is_owned(path.name)]
    for namespace in left:
        _remove(namespace)
    return left


def _is_owned(namespace: str) -> bool:
    """Whether the process that made it still runs; a process id alone may have been given again."""
    pid, start = namespace.removeprefix(f"{PREFIX}-").split("-")[:2]
    return _start_of(int(pid)) == int(start)


def _start_of(pid: int) -> int:
    """When a process started, in ticks since boot; -1 if there is none (proc(5), field 22)."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (FileNotFoundError, ProcessLookupError):
        return -1


def _make_switch(namespace: str) -> None:
    _tool("ip", "netns", "add", namespace)
    _ip(
        namespace,
        "link set lo up",
        "link add hub type bridge forward_delay 0",
        f"addr add {ROUTER_V4}/24 dev hub",
        f"addr add {ROUTER_V6}/64 dev hub nodad",
        "link set hub up",
    )
    forwarding = "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"
    for name, value in (setting.split("=") for setting in forwarding):
        write = f"echo {value} > /proc/sys/{name.replace('.', '/')}"
        _tool("nsenter", f"--net={NAMESPACES / namespace}", "sh", "-c", write)


def _make_host(net: Network, name: str, namespace: str, private: bool) -> None:
    number = len(net.hosts) + 1
    _tool("ip", "netns", "add", namespace)
    entry = ("nsenter", f"--net={NAMESPACES / namespace}")
    host = Host(name, namespace, f"10.77.0.{number}", f"fd77::{number:x}", entry)
    net.hosts[name] = host
    _ip(
        net.switch,
        f"link add port{number} type veth peer name eth0 netns {namespace}",
        f"link set port{number} master hub up",
    )
    _ip(
        namespace,
        "link set lo up",
        f"addr add {host.ipv4}/24 dev eth0",
        f"addr add {host.ipv6}/64 dev eth0 nodad",
        "link set eth0 up",
        f"route add default via {ROUTER_V4}",
        f"route add default via {ROUTER_V6}",
    )
    if private:
        _give_mounts(host)


def _give_mounts(host: Host) -> None:
    """A sleeping process holds the namespaces; it ends with us, or when the host is removed."""
    own = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--uts", "--propagation")
    say = f"hostname {host.name} && echo ready && exec sleep infinity"
    words = [*host.entry, *own, "private", "sh", "-c", say]
    host.anchor = subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True)
    assert host.anchor.stdout
    assert host.anchor.stdout.readline() == b"ready\n", f"{host.name} got no mounts of its own"
    spaces = f"/proc/{host.anchor.pid}/ns"
    here = ("env", f"--chdir={Path.cwd()}")  # who enters mounts begins at their root
    host.entry = (*host.entry, f"--mount={spaces}/mnt", f"--uts={spaces}/uts", *here)


def _drops(sources: list[Host]) -> str:
    """The whole rule set of a host that hears nothing from some; before anything else sees the packets."""
    rules = [
        rule
        for host in sources
        for rule in (f"ip saddr {host.ipv4} drop", f"ip6 saddr {host.ipv6} drop")
    ]
    remove = "table inet tests_cut\ndelete table inet tests_cut\n"
    if not rules:
        return remove
    hook = "type filter hook prerouting priority -450; policy accept;"
    lines = "\n".join(rules)
    return f"{remove}table inet tests_cut {{\nchain arrivals {{\n{hook}\n{lines}\n}}\n}}\n"


def _route(host: Host, to: Host, device: str) -> None:
    _ip(
        host.namespace,
        # Without a link-local address it says nothing by itself: only the tests' packets draw from the seed.
        f"link set {device} addrgenmode none",
        f"link set {device} up",
        f"route add {to.ipv4}/32 dev {device} src {host.ipv4}",
        f"route add {to.ipv6}/128 dev {device} src {host.ipv6}",
    )


def _remove(namespace: str) -> None:
    """Kill what runs there, by process id, then forget the namespace: devices, routes and rules go with it."""
    end = time.monotonic() + WAIT_S
    while pids := _pids(namespace):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > end:
            raise AssertionError(f"{namespace} cannot be emptied: {pids} do not end")
        time.sleep(0.01)
    _tool("ip", "netns", "del", namespace, check=False)


def _pids(namespace: str) -> list[int]:
    """Living processes of a namespace; those that ended and were not waited for are in none."""
    listed = _tool("ip", "netns", "pids", namespace, check=False).split()
    return [int(pid) for pid in listed]


def _ip(namespace: str, *lines: str) -> None:
    _tool("ip", "-n", namespace, "-batch", "-", stdin="\n".join(lines) + "\n")


def _tool(*words: str, stdin: str = "", check: bool = True) -> str:
    done = subprocess.run(
        words,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "PATH": SYSTEM_PATH},
    )
    if check and done.returncode:
        raise AssertionError(f"{' '.join(words)}: {done.stderr}{stdin}")
    return done.stdout


def _enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "cannot enter the namespace")
