"""Resources → text: one order, no defaults, secrets only where they are asked for."""

import json

import yaml

from tulle.codec import decode, encode
from tulle.model.kinds.core import ConfigMap, Secret
from tulle.model.kinds.external_service import (
    ExternalPort,
    ExternalService,
    ExternalServiceSpec,
    ExternalTls,
)
from tulle.model.kinds.process import Process, ProcessSpec
from tulle.model.kinds.service import Service, ServicePort, ServiceSpec
from tulle.model.kinds.workload import HttpProxy, Locality, Workload, WorkloadPort, WorkloadSpec
from tulle.model.resources import Metadata

WORKLOAD = Workload(
    metadata=Metadata(name="a", namespace="shop", labels={"version": "v1", "app": "reviews"}),
    spec=WorkloadSpec(address="10.0.0.6", ports=(WorkloadPort(port=9080, name="http"),)),
)


def test_the_order_is_that_of_kubernetes_and_mappings_are_sorted() -> None:
    text = encode.to_yaml([WORKLOAD])

    assert text == (
        "apiVersion: tulle.dev/v1\n"
        "kind: Workload\n"
        "metadata:\n"
        "  name: a\n"
        "  namespace: shop\n"
        "  labels:\n"
        "    app: reviews\n"
        "    version: v1\n"
        "spec:\n"
        "  address: 10.0.0.6\n"
        "  ports:\n"
        "  - port: 9080\n"
        "    name: http\n"
    )


def test_equal_resources_give_equal_bytes_however_they_were_made() -> None:
    spelt_out = Workload(
        metadata=Metadata(name="a", namespace="shop", labels={"app": "reviews", "version": "v1"}),
        spec=WorkloadSpec(
            address="10.0.0.6",
            service_account_name="default",
            ports=(WorkloadPort(port=9080, name="http", app_protocol=""),),
            locality=Locality(region=""),
        ),
    )

    assert spelt_out == WORKLOAD
    assert encode.to_json(spelt_out) == encode.to_json(WORKLOAD)


def test_an_empty_part_that_means_something_stays() -> None:
    port = ExternalPort(port=443, tls=ExternalTls())
    external = ExternalService(
        metadata=Metadata(name="a"), spec=ExternalServiceSpec(ports=(port,), host="a.b")
    )

    assert '"tls":{}' in encode.to_json(external).decode()


def test_a_required_part_stays_even_if_it_is_empty() -> None:
    process = Process(metadata=Metadata(name="a"), spec=ProcessSpec())

    assert encode.to_object(process)["spec"] == {}


def test_json_begins_with_a_head_the_store_can_rely_on() -> None:
    assert encode.to_json(WORKLOAD).startswith(encode.json_head(Workload))
    assert json.loads(encode.to_json(WORKLOAD)) == encode.to_object(WORKLOAD)


def test_texts_of_several_lines_stay_readable_and_what_looks_like_something_else_stays_text() -> (
    None
):
    pem = "-----BEGIN-----\nAAAA\n-----END-----\n"
    config_map = ConfigMap(
        metadata=Metadata(name="a"), data={"ca.crt": pem, "on": "yes", "n": "1e3"}
    )

    text = encode.to_yaml([config_map])

    assert "n: '1e3'" in text
    assert "ca.crt: |\n    -----BEGIN-----\n    AAAA\n" in text
    assert yaml.safe_load(text)["data"] == {"ca.crt": pem, "on": "yes", "n": "1e3"}


def test_a_redacted_secret_shows_its_keys_alone_and_cannot_be_applied() -> None:
    secret = Secret(
        metadata=Metadata(name="a", namespace="default"),
        data={"key": "aHVudGVyMg=="},
        string_data={"password": "hunter2"},
    )

    text = encode.to_yaml([secret], redact=True)

    assert encode.to_object(secret, redact=True)["data"] == {
        "key": encode.REDACTED,
        "password": encode.REDACTED,
    }
    assert "hunter2" not in text
    assert "aHVud" not in text
    assert {one.code for one in decode.read(text, "f").problems} == {"not-base64"}
    assert decode.read(encode.to_yaml([secret]), "f").resources == (secret,)


def test_other_kinds_are_the_same_redacted_or_not() -> None:
    assert encode.to_object(WORKLOAD, redact=True) == encode.to_object(WORKLOAD)


def test_several_resources_are_several_documents() -> None:
    text = encode.to_yaml([WORKLOAD, ConfigMap(metadata=Metadata(name="b", namespace="default"))])

    assert [item.resource.key.name for item in decode.read(text, "f").items] == ["a", "b"]


def test_defaults_are_written_where_asked_unless_they_say_nothing() -> None:
    service = Service(
        metadata=Metadata(name="a", namespace="b"), spec=ServiceSpec(ports=(ServicePort(port=80),))
    )

    assert encode.to_object(service, defaults=True)["spec"] == {
        "ports": [{"port": 80, "protocol": "TCP"}],
        "type": "ClusterIP",
    }
    assert "status" not in encode.to_object(service, defaults=True)


def test_a_part_that_is_there_and_empty_is_written_also_with_defaults() -> None:
    workload = Workload(
        metadata=Metadata(name="a", namespace="b"),
        spec=WorkloadSpec(address="10.0.0.1", http_proxy=HttpProxy()),
    )

    spec = encode.to_object(workload, defaults=True)["spec"]
    assert spec == {"address": "10.0.0.1", "serviceAccountName": "default", "httpProxy": {}}
