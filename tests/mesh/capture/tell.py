"""Connect as a test says, and tell what came of it: `python tell.py [OPTION=VALUE…] ADDRESS PORT`.

Options: say=TEXT (else nothing is said), mark=N (SO_MARK), from=PORT (the source port), udp=1.
Prints what was received, `closed` where that was nothing, or the name of the error.
"""

import errno
import socket
import sys

WAIT_S = 2.0


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def main() -> None:
    *options, address, port = sys.argv[1:]
    wishes = dict(option.split("=", 1) for option in options)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_DGRAM if "udp" in wishes else socket.SOCK_STREAM
    with socket.socket(family, kind) as mine:
        mine.settimeout(WAIT_S)
        try:
            mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if "mark" in wishes:
                mine.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(wishes["mark"]))
            if "from" in wishes:
                mine.bind(("", int(wishes["from"])))
            mine.connect((address, int(port)))
            if "say" in wishes:
                mine.sendall(wishes["say"].encode())
            say(mine.recv(65536).decode().strip() or "closed")
        except TimeoutError:
            say("silence")
        except OverflowError as error:
            say(str(error))
        except OSError as error:
            say(errno.errorcode.get(error.errno or 0, str(error)))


if __name__ == "__main__":
    main()
