"""TCPRoute keeps what every route keeps."""

from tests.unit.codec.reading import errors, found, resource


def route(spec: str) -> str:
    return resource("TCPRoute", spec, version="gateway.networking.k8s.io/v1")


def test_a_weighted_split_is_taken() -> None:
    spec = """
        parentRefs: [{group: '', kind: Service, name: redis}],
        rules: [{name: all, backendRefs: [{name: a, port: 1, weight: 9}, {name: b, port: 1}]}]
    """

    assert found(route(spec)) == set()


def test_parents_backends_and_names_are_all_checked() -> None:
    spec = """
        parentRefs: [{group: '', kind: Service, name: a}, {group: '', kind: Service, name: a}],
        rules: [{name: A, backendRefs: [{name: a}]}]
    """

    assert errors(route(spec)) == {
        ("spec.parentRefs[1]", "duplicate-parent"),
        ("spec.rules[0].name", "bad-name"),
        ("spec.rules[0].backendRefs[0].port", "missing-field"),
    }
