"""Snapshots as people read them."""

import yaml

from tulle.xds.protos import DataSource, RbacPolicy, RbacRules, Secret
from tulle.xds.resources import resource_of
from tulle.xds.secrets import identity_secret
from tulle.xds.snapshots import TypeUrl, snapshot_of
from tulle.xds.text import to_object, to_yaml


def test_resources_stand_under_their_type_and_name() -> None:
    made = snapshot_of([(TypeUrl.SECRET, resource_of("s", Secret(name="s")))])

    assert to_object(made) == {"Secret": {"s": {}}}


def test_the_text_reads_back_as_the_object() -> None:
    made = snapshot_of([(TypeUrl.SECRET, identity_secret(b"KEY", b"CHAIN"))])

    assert yaml.safe_load(to_yaml(made)) == to_object(made)


def test_a_private_key_is_never_printed() -> None:
    made = snapshot_of([(TypeUrl.SECRET, identity_secret(b"KEY", b"CHAIN"))])

    assert "S0VZ" not in to_yaml(made)
    assert "[redacted]" in to_yaml(made)


def test_certificates_stand_as_blocks() -> None:
    context = {"trusted_ca": DataSource(inline_string="-----BEGIN\nxyz\n")}
    made = snapshot_of([(TypeUrl.SECRET, resource_of("s", Secret(validation_context=context)))])  # type: ignore[arg-type]

    assert "inline_string: |\n" in to_yaml(made)


def test_entries_of_maps_are_sorted() -> None:
    rules = RbacRules(policies={name: RbacPolicy() for name in "qwertyuiopasdf"})
    made = snapshot_of([(TypeUrl.EXTENSION, resource_of("r", rules))])

    lines = [line.strip() for line in to_yaml(made).splitlines() if line.endswith(": {}")]
    assert lines == sorted(lines)
    assert len(lines) == 14
