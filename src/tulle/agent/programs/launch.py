"""The last Python before a child: run as a script in the new process, it becomes the command by exec.

    python -I -S launch.py [NAME=VALUE…] -- COMMAND ARGUMENT…

    parent=PID death=SIGNAL   die with that parent, by that signal
    detach=LOG                outlive whoever started it: a session of its own, errors into the file LOG, and
                              its process id on the standard output of this script, which ends at once
    cgroup=FOLDER netns=FILE  run in that cgroup, in that network namespace
    resolv-conf=FILE          see that file as /etc/resolv.conf, alone among all processes
    unset=VARIABLE            take a variable away

Why not `preexec_fn`: gRPC runs threads in the agent, and Python code between fork and exec can then hang on a
lock some thread held. Here the process is already its own. It imports nothing of Tulle and starts in 10 ms.
"""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_CLONE_NEWNET = 0x40000000
_CLONE_NEWNS = 0x00020000
_MS_BIND, _MS_REC, _MS_SLAVE = 0x1000, 0x4000, 0x80000
_RESOLV_CONF = "/etc/resolv.conf"


def main(arguments: list[str]) -> None:
    """Own process group or session, its place on the host, clean signals; then the command."""
    end = arguments.index("--")
    options = dict(option.split("=", 1) for option in arguments[:end])
    command = arguments[end + 1 :]
    if "detach" in options:
        _detach(options["detach"])
    else:
        os.setpgid(0, 0)
    if "parent" in options:
        _die_with(int(options["parent"]), int(options["death"]))
    _restore_signals()
    # Python adds LC_CTYPE to its own environment under the C locale; the command shall see what was meant for it.
    os.environ.pop(options.get("unset", ""), None)
    try:
        _enter(options.get("cgroup"), options.get("netns"))
        _see(options.get("resolv-conf"))
    except OSError as error:
        sys.exit(_explain(str(error.filename), error))
    try:
        os.execvp(command[0], command)  # noqa: S606 - the user's own command, without a shell
    except OSError as error:
        sys.exit(_explain(command[0], error))


def _explain(name: str, error: OSError) -> int:
    """A shell's sentence and exit code for a command that could not be run."""
    sys.stderr.write(f"tulle: {name}: {error.strerror}\n")
    sys.stderr.flush()
    return 127 if isinstance(error, FileNotFoundError) else 126


def _detach(log: str) -> None:
    """Go on as a process whose parent has ended: nobody's death is told to it, and init inherits it."""
    child = os.fork()
    if child:
        os.write(1, str(child).encode())
        os._exit(0)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor, target in ((nothing, 0), (nothing, 1), (errors, 2)):
        os.dup2(descriptor, target)
    # Also what the event loop of our parent forgot to keep to itself (uvloop: the other end of our output).
    for held in [int(file.name) for file in Path("/dev/fd").iterdir()]:
        if held > 2:
            with suppress(OSError):  # the listing itself was one of them
                os.close(held)


def _enter(cgroup: str | None, netns: str | None) -> None:
    """Take the process's place on the host. Raises OSError with the file's name."""
    if cgroup:
        (Path(cgroup) / "cgroup.procs").write_text("0")
    if netns:
        import ctypes

        descriptor = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), netns)
        os.close(descriptor)


def _see(resolv_conf: str | None) -> None:
    """Lay a file over /etc/resolv.conf in a mount namespace of our own. Raises OSError with the file's name."""
    if not resolv_conf:
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    seen = os.path.realpath(_RESOLV_CONF)  # often a symbolic link
    failed = (
        libc.unshare(_CLONE_NEWNS)
        # What the host mounts from now on is seen here too; what is mounted here is not seen there.
        or libc.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None)
        or libc.mount(resolv_conf.encode(), seen.encode(), None, _MS_BIND, None)
    )
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), seen)


def _die_with(parent: int, death_signal: int) -> None:
    """Linux tells the child when its parent is gone, however that happened; other systems cannot."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:  # it died before we asked to be told
        os.kill(os.getpid(), death_signal)


def _restore_signals() -> None:
    """Python ignores these in itself, and what is ignored stays ignored over an exec."""
    for name in ("SIGPIPE", "SIGXFSZ"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)


if __name__ == "__main__":
    main(sys.argv[1:])
