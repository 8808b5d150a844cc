"""Namespace, Secret and ConfigMap."""

import base64

import pytest
from tests.unit.codec.reading import errors, found, read

from tulle.codec.checks import core
from tulle.model.kinds.core import ConfigMap, Namespace, Secret
from tulle.model.resources import Metadata


def test_a_namespace_has_no_dots() -> None:
    [problem] = core.check_namespace(Namespace(metadata=Metadata(name="a.b")))

    assert (problem.path, problem.code) == ("metadata.name", "bad-name")


def test_base64_with_line_breaks_is_base64() -> None:
    text = base64.encodebytes(b"x" * 100).decode()

    assert list(core.check_secret(Secret(metadata=Metadata(name="x"), data={"a": text}))) == []


@pytest.mark.parametrize("value", ["pass word", "YQ", "ä", "YQ="])
def test_a_secret_that_is_not_base64_is_refused_without_being_shown(value: str) -> None:
    [problem] = core.check_secret(Secret(metadata=Metadata(name="x"), data={"key.pem": value}))

    assert (problem.path, problem.code) == ("data[key.pem]", "not-base64")
    assert value not in str(problem)


def test_no_problem_of_a_secret_shows_its_value() -> None:
    text = """
        apiVersion: v1
        kind: Secret
        metadata: {name: x}
        stringData: {password: 12345678, other: [hunter2], more: {hunter2: x}}
    """

    problems = read(text).problems

    assert {one.path for one in problems} == {
        "stringData.password",
        "stringData.other",
        "stringData.more",
    }
    assert not any("12345678" in str(one) or "hunter2" in str(one) for one in problems)


def test_a_tls_secret_has_a_certificate_and_a_key() -> None:
    text = """
        apiVersion: v1
        kind: Secret
        metadata: {name: x}
        type: kubernetes.io/tls
        data: {tls.crt: YQ==}
    """

    assert errors(text) == {("data[tls.key]", "missing-field")}
    assert found(text.replace("type:", "stringData: {tls.key: a}\n        type:")) == set()


def test_keys_are_file_names() -> None:
    config_map = ConfigMap(metadata=Metadata(name="x"), data={"a/b": "c", "a.crt": "c"})

    assert [one.path for one in core.check_config_map(config_map)] == ["data[a/b]"]


def test_binary_data_are_base64_and_no_key_is_there_twice() -> None:
    text = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: x}
        data: {a: b}
        binaryData: {a: YQ==, b: "?"}
    """

    assert errors(text) == {("binaryData.a", "duplicate-name"), ("binaryData.b", "not-base64")}


def test_data_are_bounded() -> None:
    config_map = ConfigMap(metadata=Metadata(name="x"), data={"a": "b" * (core.MAX_DATA + 1)})

    assert [one.code for one in core.check_config_map(config_map)] == ["too-large"]
