import socket

from tulle.ops.notify import Notifier


def test_what_the_service_manager_has_to_know_is_said_to_it(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        notifier = Notifier(
            {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000000"}
        )
        notifier.ready("serves")
        notifier.alive()
        notifier.stopping("goes")

        assert [manager.recv(100) for _ in range(3)] == [
            b"READY=1\nSTATUS=serves",
            b"WATCHDOG=1",
            b"STOPPING=1\nSTATUS=goes",
        ]
        assert notifier.watchdog_s == 10.0


def test_names_of_the_abstract_namespace_begin_with_an_at_sign():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0tulle-test-notify")
        Notifier({"NOTIFY_SOCKET": "@tulle-test-notify"}).alive()

        assert manager.recv(100) == b"WATCHDOG=1"


def test_without_a_manager_nothing_is_said(tmp_path):
    notifier = Notifier({"WATCHDOG_USEC": "20000000"})
    notifier.ready("serves")

    assert notifier.watchdog_s is None


def test_a_manager_that_is_gone_is_no_trouble(tmp_path):
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive()
