"""RBAC on connections: which identities may reach a program's port, where the client speaks first.

Its rules come by extension discovery, so that editing them leaves the listener and its connections alone.
Until they have come, connections are closed.
"""

from tulle.graph.mesh import Grant, InboundPort, MeshSettings
from tulle.xds import tls
from tulle.xds.names import access_extension_name
from tulle.xds.protos import (
    ExtensionConfigSource,
    Filter,
    NetworkRbac,
    RbacAuthenticated,
    RbacPermission,
    RbacPolicy,
    RbacPrincipal,
    RbacRules,
    TypedExtensionConfig,
)
from tulle.xds.resources import resource_of
from tulle.xds.snapshots import XdsResource
from tulle.xds.values import packed

_TYPE = f"type.googleapis.com/{NetworkRbac.DESCRIPTOR.full_name}"


def applies(port: InboundPort) -> bool:
    """Server-first protocols are left to the handshake: RBAC only runs at the client's first byte."""
    return port.permission.guarded and port.protocol.is_http


def network_filter(port: InboundPort) -> Filter | None:
    """The place in the chain; the rules are in the extension of the same name."""
    if not applies(port):
        return None
    source = ExtensionConfigSource(config_source=tls.over_ads(), type_urls=[_TYPE])
    return Filter(name=access_extension_name(port.port), config_discovery=source)


def access_extension(port: InboundPort, settings: MeshSettings) -> XdsResource:
    """The rules: what no policy allows is denied, and each policy is named after the user's."""
    name = access_extension_name(port.port)
    rules: dict[str, list[Grant]] = {}
    for grant in port.permission.grants:
        rules.setdefault(str(grant.origin), []).append(grant)
    config = NetworkRbac(
        stat_prefix=f"{name}.",
        rules=RbacRules(
            action="ALLOW",
            policies={origin: _policy(grants, settings) for origin, grants in rules.items()},
        ),
    )
    extension = TypedExtensionConfig(name=name, typed_config=packed(config))
    return resource_of(name, extension, *port.permission.policies)


def _policy(grants: list[Grant], settings: MeshSettings) -> RbacPolicy:
    return RbacPolicy(
        permissions=[RbacPermission(any=True)],
        principals=[
            RbacPrincipal(
                authenticated=RbacAuthenticated(
                    principal_name=tls.name_of(grant.principal, settings)
                )
            )
            for grant in grants
        ],
    )
