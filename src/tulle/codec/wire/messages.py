"""The messages typed clients send, by field number: name in JSON and what it holds.

The numbers are Kubernetes' own (generated.proto of core/v1, meta/v1, authorization/v1), fixed for ever. Only
what is decoded is listed; a number that is not is refused by `reader`, not skipped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Scalar(Enum):
    """What is no message."""

    TEXT = auto()
    BYTES = auto()
    """As base64, which is how JSON has them."""
    INTEGER = auto()
    BOOLEAN = auto()
    FLAG = auto()
    """A boolean that is written always, so that false says nothing."""
    TIME = auto()
    INTEGER_OR_TEXT = auto()


@dataclass(frozen=True, slots=True)
class Message:
    """Fields by number."""

    fields: Mapping[int, "Field"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field: one value, a list of them, or a mapping from texts to them. `ignored` ones say nothing to us."""

    name: str
    holds: Scalar | Message = Scalar.TEXT
    many: bool = False
    mapping: bool = False
    ignored: bool = False


def _texts(*names: str) -> dict[int, Field]:
    return {number: Field(name) for number, name in enumerate(names, 1)}


_OWNER = Message(
    {
        1: Field("kind"),
        3: Field("name"),
        4: Field("uid"),
        5: Field("apiVersion"),
        6: Field("controller", Scalar.BOOLEAN),
        7: Field("blockOwnerDeletion", Scalar.BOOLEAN),
    }
)
_METADATA = Message(
    {
        **_texts("name", "generateName", "namespace", "selfLink", "uid", "resourceVersion"),
        7: Field("generation", Scalar.INTEGER),
        8: Field("creationTimestamp", Scalar.TIME),
        9: Field("deletionTimestamp", Scalar.TIME),
        10: Field("deletionGracePeriodSeconds", Scalar.INTEGER),
        11: Field("labels", mapping=True),
        12: Field("annotations", mapping=True),
        13: Field("ownerReferences", _OWNER, many=True),
        14: Field("finalizers", many=True),
        17: Field("managedFields", ignored=True),
    }
)
_PORT = Message(
    {
        1: Field("name"),
        2: Field("protocol"),
        3: Field("port", Scalar.INTEGER),
        4: Field("targetPort", Scalar.INTEGER_OR_TEXT),
        5: Field("nodePort", Scalar.INTEGER),
        6: Field("appProtocol"),
    }
)
_SERVICE = Message(
    {
        1: Field("ports", _PORT, many=True),
        2: Field("selector", mapping=True),
        3: Field("clusterIP"),
        4: Field("type"),
        5: Field("externalIPs", many=True),
        7: Field("sessionAffinity"),
        8: Field("loadBalancerIP"),
        9: Field("loadBalancerSourceRanges", many=True),
        10: Field("externalName"),
        11: Field("externalTrafficPolicy"),
        12: Field("healthCheckNodePort", Scalar.INTEGER),
        13: Field("publishNotReadyAddresses", Scalar.FLAG),
        17: Field("ipFamilyPolicy"),
        18: Field("clusterIPs", many=True),
        19: Field("ipFamilies", many=True),
        20: Field("allocateLoadBalancerNodePorts", Scalar.BOOLEAN),
        21: Field("loadBalancerClass"),
        22: Field("internalTrafficPolicy"),
        23: Field("trafficDistribution"),
    }
)
_SERVICE_ACCOUNT = {
    2: Field("secrets", Message(_texts("kind", "namespace", "name")), many=True),
    3: Field("imagePullSecrets", Message(_texts("name")), many=True),
    4: Field("automountServiceAccountToken", Scalar.BOOLEAN),
}
_ATTRIBUTES = Message(
    {
        **_texts("namespace", "verb", "group", "version", "resource", "subresource", "name"),
        8: Field("fieldSelector", ignored=True),
        9: Field("labelSelector", ignored=True),
    }
)
_ACCESS = Message(
    {
        1: Field("resourceAttributes", _ATTRIBUTES),
        2: Field("nonResourceAttributes", Message(_texts("path", "verb"))),
    }
)
_STATUS = Field("status", ignored=True)
"""What typed clients send with everything, empty: only the server writes it."""


def _kind(fields: Mapping[int, Field]) -> Message:
    return Message({1: Field("metadata", _METADATA), **fields})


MESSAGES: Mapping[tuple[str, str], Message] = {
    ("v1", "ConfigMap"): _kind(
        {
            2: Field("data", mapping=True),
            3: Field("binaryData", Scalar.BYTES, mapping=True),
            4: Field("immutable", Scalar.BOOLEAN),
        }
    ),
    ("v1", "Namespace"): _kind({2: Field("spec", ignored=True), 3: _STATUS}),
    ("v1", "Secret"): _kind(
        {
            2: Field("data", Scalar.BYTES, mapping=True),
            3: Field("type"),
            4: Field("stringData", mapping=True),
            5: Field("immutable", Scalar.BOOLEAN),
        }
    ),
    ("v1", "Service"): _kind({2: Field("spec", _SERVICE), 3: _STATUS}),
    ("v1", "ServiceAccount"): _kind(_SERVICE_ACCOUNT),
    ("authorization.k8s.io/v1", "SelfSubjectAccessReview"): _kind(
        {2: Field("spec", _ACCESS), 3: _STATUS}
    ),
    ("authorization.k8s.io/v1", "SelfSubjectRulesReview"): _kind(
        {2: Field("spec", Message(_texts("namespace"))), 3: _STATUS}
    ),
    ("authentication.k8s.io/v1", "SelfSubjectReview"): _kind({2: _STATUS}),
}
"""Every object that is read in this form, by apiVersion and kind."""
