"""A snapshot for people to read: YAML, stable line by line. `tulle translate` prints it, goldens hold it."""

from collections.abc import Mapping

import msgspec
import yaml
from google.protobuf import json_format

from tulle.xds.protos import Any, DataSource, Secret
from tulle.xds.protos.pool import pool
from tulle.xds.resources import unframed
from tulle.xds.snapshots import TypeUrl, XdsResource, XdsSnapshot
from tulle.xds.values import packed


def to_object(snapshot: XdsSnapshot) -> dict[str, dict[str, object]]:
    """Resources by the short name of their type, then by name; fields as Envoy's documentation spells them."""
    return {
        type_url.rpartition(".")[2]: {
            name: _content(_shown(resource)) for name, resource in snapshot.of(type_url).items()
        }
        for type_url in TypeUrl
        if snapshot.of(type_url)
    }


def to_yaml(snapshot: XdsSnapshot) -> str:
    """The same as YAML. Fields are sorted, for protobuf keeps no order in its maps."""
    types = to_object(snapshot).items()
    return "".join(yaml.dump({name: held}, Dumper=_Dumper, width=110) for name, held in types)


def _shown(resource: XdsResource) -> Any:
    """The message as it is, but for a private key: what is printed gets copied."""
    box = unframed(resource).resource
    if box.type_url == TypeUrl.NAME:
        return box
    secret = Secret()
    if not box.Unpack(secret) or not secret.HasField("tls_certificate"):
        return box
    secret.tls_certificate.private_key.CopyFrom(DataSource(inline_string="[redacted]"))
    return packed(secret)


def _content(box: Any) -> Mapping[str, object]:
    if box.type_url == TypeUrl.NAME:
        entry: dict[str, object] = msgspec.json.decode(box.value)
        return entry
    made = json_format.MessageToDict(box, preserving_proto_field_name=True, descriptor_pool=pool())
    # Type and name already stand above it.
    return {key: value for key, value in made.items() if key not in {"@type", "name"}}


class _Dumper(yaml.SafeDumper):
    """Texts of several lines, such as certificates, as blocks; nothing by reference."""

    def ignore_aliases(self, data: object) -> bool:
        """Equal parts are written twice: anchors are hard to read."""
        return True


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
    style = "|" if "\n" in data else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_multi_representer(dict, yaml.SafeDumper.represent_dict)
