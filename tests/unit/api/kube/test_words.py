"""Kubernetes' sentences, word for word."""

from tulle.api.kube import words
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem

SERVICE = ResourceKey("Service", "shop", "web")
ROUTE = ResourceKey("HTTPRoute", "shop", "web")


def test_a_kind_is_named_by_its_plural_and_its_group() -> None:
    assert words.resource_word(SERVICE) == "services"
    assert words.resource_word(ROUTE) == "httproutes.gateway.networking.k8s.io"
    assert words.resource_word(ResourceKey("Strange", "", "x")) == "strange"


def test_refusals_read_as_kubernetes_says_them() -> None:
    assert words.not_found(SERVICE) == 'services "web" not found'
    assert words.already_exists(SERVICE) == 'services "web" already exists'
    assert words.conflict(SERVICE).startswith(
        'Operation cannot be fulfilled on services "web": the object has been modified; '
    )
    assert words.precondition("UID", "a", "b") == (
        "Precondition failed: UID in precondition: a, UID in object meta: b"
    )


def test_one_reason_stands_alone_and_several_in_brackets() -> None:
    one, two = Problem("spec.a", "x", "is wrong"), Problem("", "y", "is odd")

    assert words.invalid("Service", "web", [one]) == 'Service "web" is invalid: spec.a: is wrong'
    assert words.invalid("Service", "web", [one, two]).endswith("[spec.a: is wrong, is odd]")


def test_strict_decoding_names_every_field() -> None:
    unknown, twice = Problem("spec.a", "unknown-field", ""), Problem("spec.b", "duplicate-key", "")

    assert words.undecodable("Mesh", "tulle.dev/v1", [unknown, twice]) == (
        'Mesh in version "v1" cannot be handled as a Mesh: strict decoding error: '
        'unknown field "spec.a", duplicate field "spec.b"'
    )
