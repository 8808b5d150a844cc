"""The last Python before a child: run as a script in the new process, it becomes the command by exec.

    python -I -S launch.py PARENT_PID SIGNAL UNSET COMMAND ARGUMENT…

Why not `preexec_fn`: gRPC runs threads in the agent, and Python code between fork and exec can then hang on a
lock some thread held. Here the process is already its own. It imports nothing of Tulle and starts in 10 ms.
"""

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Own process group, death with the parent, clean signals; then the command."""
    parent, death_signal, unset, *command = arguments
    os.setpgid(0, 0)
    _die_with(int(parent), int(death_signal))
    _restore_signals()
    # Python adds LC_CTYPE to its own environment under the C locale; the command shall see what was meant for it.
    if unset:
        os.environ.pop(unset, None)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the user's own command, without a shell
    except OSError as error:
        sys.exit(_explain(command[0], error))


def _explain(name: str, error: OSError) -> int:
    """A shell's sentence and exit code for a command that could not be run."""
    sys.stderr.write(f"tulle: {name}: {error.strerror}\n")
    return 127 if isinstance(error, FileNotFoundError) else 126


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
