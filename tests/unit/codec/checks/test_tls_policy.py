"""TlsPolicy keeps what every policy keeps."""

from tests.unit.codec.reading import errors, found, resource


def test_a_policy_for_the_own_namespace_is_taken() -> None:
    assert found(resource("TlsPolicy", "mode: PERMISSIVE")) == set()


def test_its_targets_are_checked() -> None:
    spec = "mode: STRICT, targetRefs: [{kind: Namespace, name: other}]"

    assert errors(resource("TlsPolicy", spec)) == {("spec.targetRefs[0].name", "other-namespace")}
