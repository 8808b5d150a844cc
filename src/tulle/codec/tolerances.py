"""Fields others know and we do not: what a cluster writes, what Gateway API has and Tulle cannot do yet.

Cleaning an object before it meets its schema lets one file work with and without Kubernetes, and nothing is
ignored in silence: a field that means nothing to a mesh is a warning, one that would mean something is an
error that says so.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tulle.codec.paths import join
from tulle.codec.schemas import Schema, shared_schema, without_null
from tulle.model.problems import Problem, Severity
from tulle.model.resources import Resource

_METADATA_WITHOUT_EFFECT = "selfLink"
_WITHOUT_EFFECT: Mapping[str, Mapping[str, str]] = {
    # kind: where: names
    "ConfigMap": {"": "immutable"},
    "EndpointSlice": {
        "endpoints[]": "deprecatedTopology hints",
        "endpoints[].targetRef": "apiVersion fieldPath resourceVersion uid",
    },
    "Namespace": {"": "spec", "status": "conditions"},
    "Secret": {"": "immutable"},
    "Service": {
        "spec": "allocateLoadBalancerNodePorts externalIPs externalTrafficPolicy healthCheckNodePort"
        " internalTrafficPolicy ipFamilies ipFamilyPolicy loadBalancerClass loadBalancerIP"
        " loadBalancerSourceRanges publishNotReadyAddresses sessionAffinity sessionAffinityConfig"
        " trafficDistribution",
        "status": "loadBalancer",
    },
    "ServiceAccount": {"": "automountServiceAccountToken imagePullSecrets secrets"},
}

_SAYS_NOTHING: tuple[tuple[str, object], ...] = (
    ("publishNotReadyAddresses", False),
    ("loadBalancer", {}),
)
"""What typed clients always send, and mean nothing by."""

_FILTER_FIELDS = "cors extensionRef externalAuth requestMirror requestRedirect urlRewrite"
_FILTER_TYPES = frozenset(
    {"CORS", "ExtensionRef", "ExternalAuth", "RequestMirror", "RequestRedirect", "URLRewrite"}
)
_NOT_SUPPORTED: Mapping[str, Mapping[str, str]] = {
    "AccessPolicy": {
        "spec": "selector",
        "spec.rules[]": "when",
        "spec.rules[].from[]": "ipBlocks notNamespaces principals remoteIpBlocks requestPrincipals",
        "spec.rules[].to[]": "headers hosts methods notMethods notPaths notPorts paths",
    },
    "HTTPRoute": {
        "spec": "useDefaultGateways",
        "spec.rules[]": "retry sessionPersistence",
        "spec.rules[].filters[]": _FILTER_FIELDS,
        "spec.rules[].backendRefs[].filters[]": _FILTER_FIELDS,
    },
    "TCPRoute": {"spec": "useDefaultGateways"},
}
_VALUES_NOT_SUPPORTED: Mapping[tuple[str, str], frozenset[str]] = {
    ("AccessPolicy", "spec.action"): frozenset({"DENY", "AUDIT", "CUSTOM"}),
    ("HTTPRoute", "spec.rules[].filters[].type"): _FILTER_TYPES,
    ("HTTPRoute", "spec.rules[].backendRefs[].filters[].type"): _FILTER_TYPES,
}
KINDS_NOT_SUPPORTED: frozenset[str] = frozenset(
    {
        *{
            "BackendTLSPolicy",
            "GRPCRoute",
            "Gateway",
            "GatewayClass",
            "ListenerSet",
            "ReferenceGrant",
        },
        *{
            "TLSRoute",
            "UDPRoute",
            "ServiceExport",
            "ServiceImport",
            "EnvoyPatch",
            "ExtensionPolicy",
        },
        *{"FaultPolicy", "JwtPolicy", "RateLimitPolicy", "TelemetryPolicy", "TrafficPolicy"},
    }
)
"""Kinds of Gateway API and of Tulle's plans that this version does not read."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The object without what the problems name, ready for its schema."""

    value: object
    problems: tuple[Problem, ...]


def clean(kind: type[Resource], value: object) -> Cleaned:
    """A copy without absent values and without fields others know."""
    cleaner = _Cleaner(kind)
    cleaned = cleaner.part(value, shared_schema(kind), "")
    return Cleaned(cleaned, tuple(cleaner.problems))


def is_unsupported_value(kind: type[Resource], path: str, value: object) -> bool:
    """Whether the value is one the standard has and Tulle does not do yet."""
    known = _VALUES_NOT_SUPPORTED.get((kind.KIND, _shape(path)), frozenset())
    return isinstance(value, str) and value in known


def not_supported(path: str, what: str = "") -> Problem:
    """That we know what is meant, and cannot do it yet; `what` names a value where the path does not."""
    message = f"{what} is not supported by this version of Tulle".lstrip()
    return Problem(path, "not-supported", message, "take it out, or wait for a version that has it")


def _shape(path: str) -> str:
    """A path without its indices: where in the kind it is."""
    return re.sub(r"\[\d+\]", "[]", path)


class _Cleaner:
    """One walk over an object beside its schema."""

    def __init__(self, kind: type[Resource]) -> None:
        self.problems: list[Problem] = []
        self._kind = kind
        # A null is an absent field to Kubernetes. Our own kinds are stricter: `from:` with nothing behind it
        # would let everyone in.
        self._nulls_are_absent = not kind.API_VERSION.startswith("tulle.dev/")

    def part(self, value: object, schema: Schema, path: str) -> object:
        """A cleaned copy of a part of the object."""
        schema = without_null(schema)
        if isinstance(value, dict) and "properties" in schema:
            return dict(self._fields(value, schema, path))
        if isinstance(value, list) and "items" in schema:
            items = enumerate(value)
            return [self.part(item, schema["items"], join(path, index)) for index, item in items]
        return value

    def _fields(
        self, value: dict[Any, object], schema: Schema, path: str
    ) -> Iterator[tuple[Any, object]]:
        for key, item in value.items():
            child = join(path, str(key))
            known = schema["properties"].get(key)
            if known is None:
                if not self._is_foreign(str(key), child, path, value):
                    yield key, item  # its schema will say that it is unknown
            elif not self._is_absent(item, known, key in schema.get("required", ()), child):
                yield key, self.part(item, known, child)

    def _is_absent(self, item: object, schema: Schema, required: bool, path: str) -> bool:
        if item is None:
            lenient = self._nulls_are_absent or path.startswith(("metadata", "status"))
            return lenient and not required
        return item == "" and schema.get("default") == ""

    def _is_foreign(self, name: str, path: str, parent: str, value: dict[Any, object]) -> bool:
        """Whether we know whose field it is; reports it where somebody should know."""
        shape = _shape(parent)
        effectless = _WITHOUT_EFFECT.get(self._kind.KIND, {}).get(shape, "").split()
        if shape == "metadata":
            effectless += _METADATA_WITHOUT_EFFECT.split()
        if name in effectless:
            if (name, value[name]) not in _SAYS_NOTHING:
                self.problems.append(_without_effect(path))
            return True
        if name in _NOT_SUPPORTED.get(self._kind.KIND, {}).get(shape, "").split():
            # A filter is named by its type already: one problem is enough for it.
            if not is_unsupported_value(self._kind, join(parent, "type"), value.get("type")):
                self.problems.append(not_supported(path))
            return True
        return False


def _without_effect(path: str) -> Problem:
    return Problem(
        path,
        "field-without-effect",
        "has no effect in the mesh",
        "it may stay: Kubernetes may need it",
        severity=Severity.WARNING,
    )
