import stat

import msgspec

from tulle.agent.host.book import Book, Record
from tulle.agent.programs.processes import Mark

ONE = Record(
    words={"namespace": "shop", "port": ("http=80/http",)},
    uid=1000,
    state_dir="/var/lib/one",
    owner=Mark(7, "boot/1"),
)
TWO = Record(words={}, uid=0, state_dir="/var/lib/two", source="/etc/tulle/workloads.d/two.yaml")


def test_what_is_put_is_there_for_the_next_agent(tmp_path):
    book = Book(tmp_path / "book")
    book.put(ONE)
    book.put(TWO)
    book.put(well := msgspec.structs.replace(ONE, healthy=True))

    assert list(Book(tmp_path / "book").records()) == [well, TWO]


def test_what_is_removed_is_gone_and_may_be_removed_again(tmp_path):
    book = Book(tmp_path)
    book.put(ONE)
    book.remove(ONE)
    book.remove(ONE)

    assert list(book.records()) == []


def test_a_damaged_record_costs_its_workload_alone(tmp_path):
    book = Book(tmp_path)
    book.put(ONE)
    book.put(TWO)
    (tmp_path / f"{ONE.name}.json").write_bytes(b'{"format":1,"rec')
    (tmp_path / "x.json").write_bytes(
        b'{"format":99,"record":{"words":{},"uid":0,"state_dir":"/"}}'
    )

    assert list(book.records()) == [TWO]


def test_records_are_their_owners_alone(tmp_path):
    book = Book(tmp_path / "book")
    book.put(ONE)

    (file,) = (tmp_path / "book").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "book").stat().st_mode) == 0o700


def test_two_folders_of_one_name_are_two_records():
    other = msgspec.structs.replace(ONE, state_dir="/home/one")

    assert other.name != ONE.name
