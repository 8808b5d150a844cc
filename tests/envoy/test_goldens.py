"""Every golden, every proxy of it, every type: confirmed over ADS by a running Envoy, one after the other.

The same Envoy takes them all, so that each is also a change from what it had before.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.envoy.identities import Anchor
from tests.envoy.proxies import Proxy
from tests.golden.xds.cases import CASES, HERE, resources_of, views_of

from tulle.ads.delta import Accepted
from tulle.model.names import WorkloadRef
from tulle.xds.build import Builder
from tulle.xds.protos import Address, Listener, SocketAddress
from tulle.xds.resources import Typed, each, resource_of, unframed
from tulle.xds.snapshots import TypeUrl, XdsResource, XdsSnapshot, snapshot_of

ALL = [*CASES, *sorted(path.parent for path in (HERE.parent / "graph").glob("*/in.yaml"))]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    anchor = Anchor()
    roots = tmp_path_factory.mktemp("host") / "roots.pem"
    roots.write_text("".join(anchor.bundle))
    secret = anchor.identity("web").secret()
    with Proxy("web", secret, system_roots=str(roots), internal_listeners=True) as made:
        yield made


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_envoy_confirms_every_resource_of_every_proxy(case: Path, proxy: Proxy) -> None:
    builder = Builder()
    for ref, view in views_of(resources_of(case)):
        snapshot = anywhere(builder.build(view))

        proxy.settle(snapshot)

        assert unconfirmed(proxy, snapshot) == [], ref


def unconfirmed(proxy: Proxy, snapshot: XdsSnapshot) -> list[str]:
    """What the proxy has never said yes to, in the version it has."""
    taken = {
        (event.type_url, name, version)
        for event in proxy.ads.events
        if isinstance(event, Accepted)
        for name, version in event.versions.items()
    }
    return [
        f"{type_url} {resource.name}"
        for type_url, resource in each(snapshot)
        if (type_url, resource.name, resource.version) not in taken
    ]


def anywhere(snapshot: XdsSnapshot) -> XdsSnapshot:
    """The same on free ports of loopback: a golden's addresses are no machine's own."""
    return snapshot_of((_anywhere(*typed) for typed in each(snapshot)), snapshot.references)


def _anywhere(type_url: TypeUrl, resource: XdsResource) -> Typed:
    if type_url is not TypeUrl.LISTENER:
        return type_url, resource
    listener = Listener()
    unframed(resource).resource.Unpack(listener)
    if listener.HasField("internal_listener") or listener.HasField("bind_to_port"):
        return type_url, resource  # bound to nothing
    free = SocketAddress(address="127.0.0.1", port_value=0)
    listener.address.CopyFrom(Address(socket_address=free))
    del listener.additional_addresses[:]
    return type_url, resource_of(resource.name, listener, *resource.origins)


def test_there_is_something_to_confirm() -> None:
    assert len(ALL) > 25


def test_what_envoy_was_not_sent_counts_as_unconfirmed(proxy: Proxy) -> None:
    unsent = snapshot_of([(TypeUrl.CLUSTER, resource_of("unsent", Listener()))])

    assert unconfirmed(proxy, unsent) == [f"{TypeUrl.CLUSTER} unsent"]


def test_what_envoy_refuses_is_told_on_the_resource_that_caused_it() -> None:
    broken = resource_of("broken", Listener(name="broken"))
    workload = WorkloadRef("shop", "web")
    with Proxy(str(workload), Anchor().identity("web").secret()) as proxy:
        proxy.push(snapshot_of([(TypeUrl.LISTENER, broken)]))
        proxy.ads.wait_settled()

        (refused,) = proxy.ads.refused

    assert (refused.type_url, refused.name) == (TypeUrl.LISTENER, "broken")
