"""Text and objects → resources, or everything that is wrong with them, each with its place."""

from textwrap import dedent

import msgspec
import pytest
from tests.unit.codec.reading import found, read

from tulle.codec import decode, encode
from tulle.model.kinds.core import Namespace
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.service import Service, ServicePort, ServiceSpec
from tulle.model.names import ResourceKey
from tulle.model.problems import Place, Problem, Severity
from tulle.model.resources import Metadata

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"ports": [{"port": 80}]},
}


def places(text: str) -> list[str]:
    """`line code path` of every problem, in the order it is told."""
    return [
        f"{problem.place.line if problem.place else '-'} {problem.code} {problem.path}"
        for problem in read(text).problems
    ]


def test_one_broken_file_reports_every_problem_on_its_line() -> None:
    text = """\
        # The shop's split.
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata:
          name: Split
          labels:
            version: 1
          finalizers: [a]
        spec:
          parentRef: []
          rules:
          - matches:
            - path: {type: Exact, value: /a}
              method: get
            filters:
            - type: RequestMirror
              requestMirror: {}
            retry: {attempts: 3}
            backendRefs:
            - port: "80"
              weight: -1
            - name: b
              port: 99999
        ---
        apiVersion: v1
        kind: Servce
        metadata: {name: a}
        ---
        apiVersion: v1beta1
        kind: Service
        metadata: {name: a}
        ---
        - just
        - a list
        ---
        apiVersion: tulle.dev/v1
        kind: Mesh
        metadata: {name: default}
        spec:
          connections:
            drain: 1s
            drain: 2s
            maxAge: 30s
        ---
        a: [1
        ---
        apiVersion: tulle.dev/v1
        kind: TlsPolicy
        metadata:
          name: fine
        spec:
          mode: STRICT
    """

    assert places(text) == [
        "5 bad-pattern metadata.name",
        "7 wrong-type metadata.labels.version",
        "10 unknown-field spec.parentRef",
        "14 bad-value spec.rules[0].matches[0].method",
        "16 not-supported spec.rules[0].filters[0].type",
        "18 not-supported spec.rules[0].retry",
        "20 wrong-type spec.rules[0].backendRefs[0].port",
        "20 missing-field spec.rules[0].backendRefs[0].name",
        "21 out-of-range spec.rules[0].backendRefs[0].weight",
        "23 out-of-range spec.rules[0].backendRefs[1].port",
        "26 unknown-kind kind",
        "29 unknown-api-version apiVersion",
        "33 not-a-resource ",
        "41 out-of-range spec.connections.drain",
        "42 duplicate-key spec.connections.drain",
        "46 bad-yaml ",
    ]
    assert [item.resource.key.name for item in read(text).items] == ["fine"]


def test_a_problem_reads_as_one_line_for_a_terminal() -> None:
    [problem] = read(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {port: 1}"
    ).problems

    assert str(problem) == (
        'mesh.yaml:4: Service default/web: spec.port: there is no field "port" here '
        "[unknown-field]; did you mean ports?"
    )


def test_a_resource_knows_where_each_of_its_fields_stands() -> None:
    text = """\
        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          ports:
          - port: 80
            targetPort: http
    """

    [item] = read(text).items

    assert item.place("spec.ports[0].targetPort") == Place("mesh.yaml", 8)
    assert item.place("spec.ports[0].appProtocol") == Place("mesh.yaml", 7)
    assert item.place("spec.ports[7].port") == Place("mesh.yaml", 6)
    assert item.place("status.conditions[0]") == Place("mesh.yaml", 1)
    assert item.place() == Place("mesh.yaml", 1)


def test_the_default_namespace_is_filled_in_where_there_is_one() -> None:
    text = """
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{port: 80}]}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop}
    """

    assert [str(one.key) for one in read(text).resources] == [
        "Service default/web",
        "Namespace shop",
    ]


def test_json_is_read_like_yaml() -> None:
    text = (
        '{"apiVersion": "v1",\n "kind": "Service", "metadata": {"name": "web"},\n "spec": {"x": 1}}'
    )

    [problem] = decode.read(text, "web.json").problems

    assert (str(problem.place), problem.path) == ("web.json:3", "spec.x")


def test_a_list_is_its_items_and_their_lines_are_their_own() -> None:
    text = """\
        apiVersion: v1
        kind: List
        items:
        - apiVersion: v1
          kind: Namespace
          metadata: {name: shop}
        - apiVersion: v1
          kind: Service
          metadata: {name: web}
          spec:
            ports: [{port: 0}]
            ports: []
    """

    decoded = read(text)

    assert [one.key.name for one in decoded.resources] == ["shop"]
    assert decoded.items[0].place("metadata.name").line == 6
    assert places(text) == [
        "11 out-of-range spec.ports[0].port",
        "12 duplicate-key spec.ports",
    ]


def test_a_list_of_one_kind_says_for_its_items_what_they_are() -> None:
    text = """
        apiVersion: v1
        kind: ServiceList
        metadata: {resourceVersion: "7"}
        items:
        - metadata: {name: web}
          spec: {ports: [{port: 80}]}
        - apiVersion: v1
          kind: Namespace
          metadata: {name: shop}
    """

    assert [str(one.key) for one in read(text).resources] == [
        "Service default/web",
        "Namespace shop",
    ]
    assert found("apiVersion: v1\nkind: NothingList\nitems: []\n") == {("kind", "unknown-kind")}


def test_a_list_that_is_none_is_a_problem() -> None:
    assert found("apiVersion: v1\nkind: List\nitems: {}\n") == {("kind", "missing-field")}
    assert found("apiVersion: v1\nkind: List\nitems: [5]\n") == {("", "not-a-resource")}


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("kind: httproute\napiVersion: v1", "unknown-kind", "did you mean HTTPRoute?"),
        ("kind: Deployment\napiVersion: apps/v1", "unknown-kind", "known kinds: AccessPolicy"),
        ("kind: GRPCRoute\napiVersion: v1", "not-supported", "take it out"),
        ("kind: Gateway\napiVersion: v1", "not-supported", "take it out"),
        ("kind: Service", "missing-field", "write apiVersion: v1"),
        ("kind: Service\napiVersion: 1", "unknown-api-version", "write apiVersion: v1"),
        (
            "kind: HTTPRoute\napiVersion: gateway.networking.k8s.io/v1beta1",
            "unknown-api-version",
            "write apiVersion: gateway.networking.k8s.io/v1",
        ),
        ("metadata: {name: a}", "missing-field", "one of AccessPolicy"),
        ("kind: [a]", "missing-field", "one of AccessPolicy"),
        ("5", "not-a-resource", ""),
    ],
)
def test_what_is_no_resource_of_ours_is_told_what_to_write(text: str, code: str, hint: str) -> None:
    [problem] = read(text).problems

    assert problem.code == code
    assert problem.hint.startswith(hint)


def test_one_name_in_two_files_is_one_problem_that_names_both_places() -> None:
    text = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"

    decoded = decode.read_files([("a.yaml", text), ("b.yaml", f"# again\n{text}")])

    [problem] = decoded.problems
    assert (problem.code, problem.place) == ("duplicate-name", Place("b.yaml", 5))
    assert "a.yaml:4" in problem.message
    assert problem.resource == ResourceKey("Namespace", "", "shop")
    assert [item.file for item in decoded.items] == ["a.yaml"]


def test_one_name_in_two_kinds_or_namespaces_is_fine() -> None:
    text = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: shop, namespace: a}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: shop, namespace: b}
    """

    assert len(read(text).resources) == 3
    assert found(text) == set()


def test_a_problem_names_its_resource_as_far_as_it_can_be_told() -> None:
    def named(text: str) -> ResourceKey | None:
        return read(text).problems[0].resource

    assert named("kind: Nope\nmetadata: {name: a}") == ResourceKey("Nope", "default", "a")
    assert named("kind: Mesh\nmetadata: {name: a}") == ResourceKey("Mesh", "", "a")
    assert named("kind: Mesh\nmetadata: {name: [a]}") is None
    assert named("kind: Mesh\nmetadata: {name: a, namespace: 5}") is None
    assert named("kind: Mesh\nmetadata: 5") is None


def test_a_warning_costs_nothing() -> None:
    text = """
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{port: 80}], sessionAffinity: None}
    """

    decoded = read(text)

    assert len(decoded.resources) == 1
    assert [problem.severity for problem in decoded.problems] == [Severity.WARNING]


def test_an_object_becomes_a_resource_or_its_problems() -> None:
    assert decode.from_object(SERVICE) == Service(
        metadata=Metadata(name="web", namespace="default"),
        spec=ServiceSpec(ports=(ServicePort(port=80),)),
    )

    wrong = decode.from_object({**SERVICE, "spec": {"ports": [{"port": 0}], "x": 1}})
    assert isinstance(wrong, tuple)
    assert {problem.path for problem in wrong} == {"spec.ports[0].port", "spec.x"}
    assert {problem.place for problem in wrong} == {None}


def test_an_object_of_a_file_has_places() -> None:
    wrong = decode.from_object({**SERVICE, "spec": {"x": 1}}, "a.yaml", {"": 1, "spec": 7})

    assert isinstance(wrong, tuple)
    assert [problem.place for problem in wrong] == [Place("a.yaml", 7)]


def test_several_objects_are_read_with_their_warnings_and_without_places() -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [SERVICE]}
    affine = {**SERVICE, "metadata": {"name": "b"}, "spec": {**SERVICE["spec"], "externalIPs": []}}  # type: ignore[dict-item]

    decoded = decode.from_objects([listed, affine, {"kind": "Nope"}, SERVICE])

    assert [item.resource.key.name for item in decoded.items] == ["web", "b"]
    assert [problem.code for problem in decoded.problems] == [
        "field-without-effect",
        "unknown-kind",
        "duplicate-name",
    ]
    assert {problem.place for problem in decoded.problems} == {None}


def test_a_number_with_a_point_is_no_port() -> None:
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80.0}]}"

    [problem] = read(text).problems

    assert (problem.path, problem.code) == ("spec.ports[0].port", "wrong-type")
    assert "written without a point" in read(text).problems[0].message


def test_what_could_not_be_written_back_is_a_problem_not_an_exception() -> None:
    metadata = {"name": "a", "annotations": {"half a character": "\ud800"}}

    problems = decode.from_object({**SERVICE, "metadata": metadata})

    assert isinstance(problems, tuple)
    assert [problem.code for problem in problems] == ["bad-value"]


def test_what_the_store_keeps_comes_back_with_and_without_its_head() -> None:
    service = decode.from_object(SERVICE)
    assert isinstance(service, Service)

    assert decode.resource_from_json(Service, encode.to_json(service)) == service
    spaced = msgspec.json.format(encode.to_json(service))
    assert decode.resource_from_json(Service, spaced) == service


def test_what_the_store_cannot_have_written_is_refused() -> None:
    data = encode.to_json(Namespace(metadata=Metadata(name="a")))

    with pytest.raises(msgspec.DecodeError):
        decode.resource_from_json(HTTPRoute, data[:-5])


def test_nothing_of_a_secret_shows_in_what_decoding_returns() -> None:
    text = dedent(
        """
        apiVersion: v1
        kind: Secret
        metadata: {name: a}
        stringData: {password: hunter2}
        """
    )

    assert "hunter2" not in repr(decode.read(text, "f"))


def test_problems_are_values_that_compare() -> None:
    assert read("kind: Nope").problems == (
        Problem(
            "kind",
            "unknown-kind",
            "there is no kind 'Nope'",
            read("kind: Nope").problems[0].hint,
            place=Place("mesh.yaml", 1),
        ),
    )


def test_what_was_stored_before_there_were_finalizers_and_owners_still_loads() -> None:
    stored = (
        b'{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","generation":1,'
        b'"resourceVersion":"7","uid":"u","creationTimestamp":"2026-01-01T00:00:00Z"}}'
    )

    found = decode.resource_from_json(Namespace, stored)
    assert found.metadata.finalizers == found.metadata.managed_fields == ()
    assert found.status.phase == "Active"
