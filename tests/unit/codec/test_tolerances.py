"""Fields others know: what a cluster writes is no error, what we cannot do is no silence."""

import pytest
from tests.unit.codec.reading import errors, found, read, warnings

from tulle.codec.tolerances import clean, is_unsupported_value
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.service import Service

FROM_A_CLUSTER = """
apiVersion: v1
kind: Service
metadata:
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {"apiVersion":"v1","kind":"Service"}
    mine: kept
  creationTimestamp: "2026-11-01T10:00:00Z"
  finalizers: [service.kubernetes.io/load-balancer-cleanup]
  managedFields: [{manager: kubectl, operation: Update}]
  name: web
  namespace: shop
  resourceVersion: "4711"
  uid: 6b8fbb6e-1111-4222-8333-444455556666
spec:
  allocateLoadBalancerNodePorts: true
  clusterIP: 10.96.0.10
  clusterIPs: [10.96.0.10]
  externalTrafficPolicy: Cluster
  internalTrafficPolicy: Cluster
  ipFamilies: [IPv4]
  ipFamilyPolicy: SingleStack
  ports: [{name: http, nodePort: 30080, port: 80, protocol: TCP, targetPort: 8080}]
  selector: {app: web}
  sessionAffinity: None
  type: LoadBalancer
status:
  loadBalancer: {ingress: [{ip: 192.0.2.7}]}
"""


def test_a_service_out_of_a_cluster_is_read_and_what_means_nothing_here_is_a_warning() -> None:
    decoded = read(FROM_A_CLUSTER)

    [service] = decoded.resources
    assert isinstance(service, Service)
    assert service.spec.cluster_ip == "10.96.0.10"
    assert service.metadata.annotations["mine"] == "kept"
    assert service.metadata.finalizers == ("service.kubernetes.io/load-balancer-cleanup",)
    assert service.metadata.managed_fields[0].manager == "kubectl"
    assert errors(FROM_A_CLUSTER) == set()
    assert {path for path, _ in warnings(FROM_A_CLUSTER)} == {
        "spec.allocateLoadBalancerNodePorts",
        "spec.externalTrafficPolicy",
        "spec.internalTrafficPolicy",
        "spec.ipFamilies",
        "spec.ipFamilyPolicy",
        "spec.sessionAffinity",
        "status.loadBalancer",
    }
    assert {code for _, code in warnings(FROM_A_CLUSTER)} == {"field-without-effect"}


def test_a_slice_out_of_a_cluster_is_read() -> None:
    text = """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: web-abc, labels: {kubernetes.io/service-name: web}}
        addressType: IPv4
        endpoints:
        - addresses: [10.0.0.1]
          hints: {forZones: [{name: a}]}
          targetRef: {kind: Pod, name: web, namespace: default, uid: abc}
        ports: [{name: "", port: 80}]
    """

    assert errors(text) == set()
    assert {path for path, _ in warnings(text)} == {
        "endpoints[0].hints",
        "endpoints[0].targetRef.uid",
    }


def test_a_namespace_and_an_account_out_of_a_cluster_are_read() -> None:
    text = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, creationTimestamp: null}
        spec: {finalizers: [kubernetes]}
        status: {phase: Active}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: web}
        imagePullSecrets: [{name: registry}]
    """

    assert len(read(text).resources) == 2
    assert warnings(text) == {
        ("spec", "field-without-effect"),
        ("imagePullSecrets", "field-without-effect"),
    }


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ("retry: {attempts: 3}", "retry"),
        ("sessionPersistence: {}", "sessionPersistence"),
        ("filters: [{type: RequestMirror, requestMirror: {}}]", "filters[0].type"),
        ("filters: [{type: RequestRedirect, requestRedirect: {}}]", "filters[0].type"),
        ("filters: [{type: URLRewrite, urlRewrite: {}}]", "filters[0].type"),
        ("filters: [{type: CORS, cors: {}}]", "filters[0].type"),
        ("filters: [{type: ExtensionRef}]", "filters[0].type"),
        (
            "backendRefs: [{name: a, port: 80, filters: [{type: ExternalAuth}]}]",
            "backendRefs[0].filters[0].type",
        ),
        (
            "filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [a]}, cors: {}}]",
            "filters[0].cors",
        ),
    ],
)
def test_what_gateway_api_has_and_we_do_not_is_one_clear_error(rule: str, where: str) -> None:
    text = f"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {{name: a}}
        spec:
          parentRefs: [{{group: "", kind: Service, name: a}}]
          rules: [{{{rule}}}]
    """

    assert found(text) == {(f"spec.rules[0].{where}", "not-supported")}


def test_nulls_and_empty_texts_are_absent_fields_to_kubernetes() -> None:
    text = """
        apiVersion: v1
        kind: Service
        metadata: {name: a, namespace: "", labels: , creationTimestamp: null}
        spec: {ports: [{port: 80, name: "", targetPort: null}], selector: , externalName: ""}
        status:
    """

    assert found(text) == set()


def test_nulls_in_our_own_kinds_and_in_free_mappings_are_mistakes() -> None:
    text = """
        apiVersion: tulle.dev/v1
        kind: TlsPolicy
        metadata: {name: a, labels: {app: }, creationTimestamp: null}
        spec: {mode: STRICT, targetRefs: }
    """

    assert errors(text) == {
        ("metadata.labels.app", "wrong-type"),
        ("spec.targetRefs", "wrong-type"),
    }


def test_what_typed_clients_always_send_needs_no_word() -> None:
    value = {"spec": {"publishNotReadyAddresses": False}, "status": {"loadBalancer": {}}}

    assert clean(Service, value).problems == ()
    [problem] = clean(Service, {"spec": {"publishNotReadyAddresses": True}}).problems
    assert problem.path == "spec.publishNotReadyAddresses"


def test_cleaning_leaves_the_object_it_was_given_alone() -> None:
    value = {"metadata": {"name": "a", "selfLink": "/a"}, "spec": {"sessionAffinity": "None"}}
    before = repr(value)

    cleaned = clean(Service, value)

    assert repr(value) == before
    assert cleaned.value == {"metadata": {"name": "a"}, "spec": {}}
    assert [problem.path for problem in cleaned.problems] == [
        "metadata.selfLink",
        "spec.sessionAffinity",
    ]


def test_unsupported_values_are_known_by_their_place() -> None:
    assert is_unsupported_value(HTTPRoute, "spec.rules[3].filters[1].type", "CORS")
    assert not is_unsupported_value(HTTPRoute, "spec.rules[3].name", "CORS")
    assert not is_unsupported_value(Service, "spec.rules[3].filters[1].type", "CORS")
    assert not is_unsupported_value(HTTPRoute, "spec.rules[3].filters[1].type", ["CORS"])
