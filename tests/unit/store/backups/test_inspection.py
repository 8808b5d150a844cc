import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.unit.store.backups.meshes import NOW, data_dir

from tulle.pki.authorities import new_root
from tulle.store.backups.archive import Contents
from tulle.store.backups.inspection import Finding, inspect, revision_of, trust_domain_of
from tulle.store.backups.taking import from_folder


@pytest.fixture
async def contents(tmp_path: Path) -> Contents:
    return from_folder(await data_dir(tmp_path / "data"), with_keys=True)


def changed(contents: Contents, *statements: str) -> Contents:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(contents.image)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        return Contents(connection.serialize(), contents.keys)


def failed(contents: Contents) -> list[Finding]:
    return [finding for finding in inspect(contents, NOW) if finding.status == "fail"]


def test_a_whole_store_is_found_whole(contents: Contents) -> None:
    found = {finding.name: finding for finding in inspect(contents, NOW)}

    assert {finding.status for finding in found.values()} == {"ok"}
    assert set(found) == {"file", "resources", "revisions", "log", "tokens", "root", "intermediate"}
    assert "1 Secret" in found["resources"].message
    assert revision_of(contents.image) == 7
    assert trust_domain_of(contents.image) == "shop.example"


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("UPDATE obj SET doc = '{' WHERE kind = 'Service'", "file"),
        ("UPDATE obj SET name = 'other' WHERE kind = 'Service'", "resources"),
        ("UPDATE obj SET revision = 99 WHERE kind = 'Service'", "resources"),
        ("DELETE FROM log WHERE revision = 3", "revisions"),
        ("UPDATE meta SET revision = 9", "revisions"),
        ("UPDATE meta SET revision = 4", "revisions"),
        ("DELETE FROM obj WHERE kind = 'Service'", "log"),
        ("UPDATE log SET doc = '{}' WHERE kind = 'Secret'", "log"),
        ("PRAGMA user_version = 99", "file"),
    ],
)
def test_what_does_not_fit_together_is_found(contents: Contents, statement: str, name: str) -> None:
    found = failed(changed(contents, statement))

    assert name in {finding.name for finding in found}
    assert all(finding.hint for finding in found)


def test_a_damaged_file_is_found(contents: Contents) -> None:
    image = bytearray(contents.image)
    for offset in range(5000, len(image), 7):
        image[offset] ^= 0x5A

    assert [finding.name for finding in failed(Contents(bytes(image), contents.keys))] == ["file"]
    assert [finding.name for finding in failed(Contents(b"nonsense", {}))] == ["file"]


def test_a_key_of_another_mesh_is_found(contents: Contents) -> None:
    for domain, words in (("shop.example", "none of those"), ("other.example", "signs for other")):
        stranger = new_root(domain, NOW).to_pem()
        (found,) = failed(Contents(contents.image, {**contents.keys, "root.pem": stranger}))
        assert found.name == "root"
        assert words in found.message


def test_a_key_that_is_not_its_certificates_is_found(contents: Contents) -> None:
    root, other = contents.keys["root.pem"], new_root("shop.example", NOW).to_pem()
    begin = b"-----BEGIN CERTIFICATE-----"
    mixed = other.partition(begin)[0] + begin + root.partition(begin)[2]

    (found,) = failed(Contents(contents.image, {**contents.keys, "root.pem": mixed}))

    assert found.name == "root"


def test_a_missing_root_is_found_and_a_missing_intermediate_is_no_loss(contents: Contents) -> None:
    no_root = {name: pem for name, pem in contents.keys.items() if name != "root.pem"}
    no_other = {"root.pem": contents.keys["root.pem"]}

    assert [finding.name for finding in failed(Contents(contents.image, no_root))] == ["root"]
    assert failed(Contents(contents.image, no_other)) == []


def test_a_store_without_keys_says_what_that_means(contents: Contents) -> None:
    found = {finding.name: finding for finding in inspect(Contents(contents.image), NOW)}

    assert found["keys"].status == "warn"


def test_an_expired_root_is_told(contents: Contents) -> None:
    late = NOW + 11 * 365 * 86400.0
    names = {finding.name for finding in inspect(contents, late) if finding.status == "fail"}

    assert "root" in names


def test_nothing_secret_is_told(contents: Contents) -> None:
    text = repr(inspect(contents, NOW))

    assert "aHVudGVyMg" not in text
    assert "PRIVATE" not in text
