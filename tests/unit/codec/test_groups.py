"""How Kubernetes names kinds."""

from tulle.codec.groups import GroupVersion, group_version, grouped, has_status, names_of
from tulle.model.kinds import ALL
from tulle.model.kinds.core import ConfigMap
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.service import Service
from tulle.model.kinds.workload import Workload


def test_the_core_has_no_group() -> None:
    assert group_version(Service) == GroupVersion("", "v1")
    assert (str(group_version(Service)), group_version(Service).root) == ("v1", "api/v1")
    assert group_version(HTTPRoute).root == "apis/gateway.networking.k8s.io/v1"


def test_a_kind_has_one_name_for_every_way_of_calling_it() -> None:
    names = names_of(Workload)

    assert (names.kind, names.plural, names.singular) == ("Workload", "workloads", "workload")
    assert names.short == ("wl",)
    assert names.categories == ("all", "tulle")


def test_no_two_kinds_share_a_name_and_none_is_lost() -> None:
    found = [kind for _, kinds in grouped(ALL) for kind in kinds]
    called = [
        name for kind in ALL for name in (kind.PLURAL, names_of(kind).singular, *kind.SHORT_NAMES)
    ]

    assert set(found) == set(ALL)
    assert len(set(called)) == len(called)
    assert [where for where, _ in grouped(ALL)] == sorted(where for where, _ in grouped(ALL))


def test_a_status_is_told_from_none() -> None:
    assert has_status(Service)
    assert not has_status(ConfigMap)
