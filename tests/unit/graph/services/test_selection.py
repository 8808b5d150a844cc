"""Label selectors."""

from tulle.graph.services.catalogue import catalogue_of, read_service
from tulle.graph.services.programs import read_workload
from tulle.graph.services.selection import everyone, select
from tulle.model.names import ServiceRef
from tulle.testing.builders import service, workload


def _names(selector: dict[str, str], *labels: dict[str, str], namespace: str = "shop") -> list[str]:
    catalogue = catalogue_of((read_service(service("api", selector=selector)),), ()).catalogue
    programs = tuple(
        read_workload(workload(f"w{index}", labels=found, namespace=namespace)).program
        for index, found in enumerate(labels)
    )
    return [p.ref.name for p in select(catalogue, programs).behind(ServiceRef("shop", "api"))]


def test_all_labels_of_a_selector_must_hold() -> None:
    wanted = {"app": "api", "version": "v1"}

    assert _names(wanted, {"app": "api"}, {**wanted, "more": "x"}, {"version": "v1"}) == ["w1"]


def test_a_selector_reaches_its_own_namespace_only() -> None:
    assert _names({"app": "api"}, {"app": "api"}, namespace="office") == []


def test_an_empty_selector_selects_nothing() -> None:
    assert _names({}, {"app": "api"}) == []


def test_several_selections_are_asked_in_turn() -> None:
    catalogue = catalogue_of((read_service(service("api")),), ()).catalogue
    one, two = (
        select(catalogue, (read_workload(workload(name, labels={"app": "api"})).program,))
        for name in ("a", "b")
    )

    assert [p.ref.name for p in everyone((one, two), ServiceRef("shop", "api"))] == ["a", "b"]
