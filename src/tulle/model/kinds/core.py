"""The small Kubernetes kinds a mesh reads: Namespace, ServiceAccount, Secret, ConfigMap."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from tulle.model.resources import Resource, Value


class NamespaceStatus(Value, frozen=True, kw_only=True):
    """Terminating while what is in a deleted namespace is being removed."""

    phase: Literal["Active", "Terminating"] = "Active"


class Namespace(Resource, frozen=True, kw_only=True):
    """A place for names. Policies may attach to it; identities carry it."""

    KIND: ClassVar[str] = "Namespace"
    API_VERSION: ClassVar[str] = "v1"
    PLURAL: ClassVar[str] = "namespaces"
    SHORT_NAMES: ClassVar[tuple[str, ...]] = ("ns",)
    NAMESPACED: ClassVar[bool] = False

    status: NamespaceStatus = NamespaceStatus()


class ServiceAccount(Resource, frozen=True, kw_only=True):
    """An identity programs run as: certificates name it, policies allow it."""

    KIND: ClassVar[str] = "ServiceAccount"
    API_VERSION: ClassVar[str] = "v1"
    PLURAL: ClassVar[str] = "serviceaccounts"
    SHORT_NAMES: ClassVar[tuple[str, ...]] = ("sa",)


class Secret(Resource, frozen=True, kw_only=True):
    """Confidential bytes, base64 in `data` or plain in `string_data`; never shown in text forms of ours."""

    KIND: ClassVar[str] = "Secret"
    API_VERSION: ClassVar[str] = "v1"
    PLURAL: ClassVar[str] = "secrets"

    type: str = "Opaque"
    data: Mapping[str, str] = {}
    string_data: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"Secret({self.metadata.namespace}/{self.metadata.name}, redacted)"


class ConfigMap(Resource, frozen=True, kw_only=True):
    """Plain configuration: certificate bundles of others, for example, under `ca.crt`."""

    KIND: ClassVar[str] = "ConfigMap"
    API_VERSION: ClassVar[str] = "v1"
    PLURAL: ClassVar[str] = "configmaps"
    SHORT_NAMES: ClassVar[tuple[str, ...]] = ("cm",)

    data: Mapping[str, str] = {}
    binary_data: Mapping[str, str] = {}
