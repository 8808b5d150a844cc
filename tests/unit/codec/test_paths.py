"""Field paths as Kubernetes writes them."""

import pytest

from tulle.codec.paths import join, parent, path_of


def test_fields_have_dots_indices_and_odd_keys_have_brackets() -> None:
    assert path_of(["spec", "rules", 0, "backendRefs", 1, "weight"]) == (
        "spec.rules[0].backendRefs[1].weight"
    )
    assert path_of(["metadata", "labels", "app.kubernetes.io/name"]) == (
        "metadata.labels[app.kubernetes.io/name]"
    )
    assert join("", "spec") == "spec"
    assert path_of([]) == ""


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("spec.rules[0].name", "spec.rules[0]"),
        ("spec.rules[0]", "spec.rules"),
        ("spec.rules", "spec"),
        ("spec", ""),
        ("", ""),
        ("metadata.labels[app.kubernetes.io/name]", "metadata.labels"),
        ("data[a]", "data"),
        ("[0]", ""),
        ("odd]", ""),
    ],
)
def test_every_path_leads_to_the_top(path: str, above: str) -> None:
    assert parent(path) == above
