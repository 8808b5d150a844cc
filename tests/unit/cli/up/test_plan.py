"""What `up` starts, and on which ports."""

from collections.abc import Callable
from itertools import count

from tulle.cli.processes import replicas_of
from tulle.cli.up.plan import Launch, Plan, Ports, plan, waves
from tulle.codec import decode
from tulle.model.kinds.process import Process
from tulle.model.names import WorkloadRef

WEB = """
apiVersion: tulle.dev/v1
kind: Process
metadata: {name: web, namespace: shop}
spec:
  command: [web, --port, $(PORT)]
  labels: {app: web}
  replicas: %d
  ports: [{name: http, port: 8080}]
  health: {http: {path: /, port: 8080}}
"""
FIXED = """
apiVersion: tulle.dev/v1
kind: Process
metadata: {name: fixed, namespace: shop}
spec: {command: [fixed], ports: [{name: http, port: 8080}], replicas: %d}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: %s}]}
"""


def planned(*texts: str, taken: frozenset[int] = frozenset()) -> Plan:
    decoded = decode.read("---".join(texts), "m.yaml")
    assert decoded.problems == ()
    free = count(40000)
    return plan(decoded.resources, Ports(lambda port: port not in taken, lambda: next(free)))


def numbers(found: Plan) -> list[int]:
    return [port.port for launch in found.launches for port in launch.ports]


def codes(found: Plan) -> list[str]:
    return [problem.code for problem in found.problems]


def test_a_program_gets_the_port_it_wishes_for_while_it_is_free() -> None:
    assert numbers(planned(WEB % 1)) == [8080]


def test_a_wish_yields_to_a_taken_port_and_the_probe_follows() -> None:
    found = planned(WEB % 1, taken=frozenset({8080}))

    assert codes(found) == []
    (launch,) = found.launches
    assert launch.ports[0].port == 40000
    assert launch.health is not None
    assert launch.health.http is not None
    assert launch.health.http.port == 40000


def test_a_wish_yields_to_a_fixed_port_wherever_that_stands() -> None:
    assert numbers(planned(WEB % 1, FIXED % 1)) == [40000, 8080]


def test_every_replica_gets_a_port_of_its_own() -> None:
    found = planned(WEB % 3)

    assert [str(launch.replica.ref) for launch in found.launches] == [
        "shop/web-0",
        "shop/web-1",
        "shop/web-2",
    ]
    assert numbers(found) == [40000, 40001, 40002]


def test_a_fixed_port_that_is_taken_is_a_problem_with_a_way_out() -> None:
    found = planned(FIXED % 1, taken=frozenset({8080}))

    (problem,) = found.problems
    assert (problem.code, problem.path) == ("port-taken", "spec.ports[0].port")
    assert "$(PORT)" in problem.hint


def test_a_service_that_asks_by_number_is_told_when_the_number_moves() -> None:
    moved = planned(SERVICE % 8080, WEB % 2)
    named = planned(SERVICE % "http", WEB % 2)
    kept = planned(SERVICE % 8080, WEB % 1)

    assert codes(moved) == ["target-port-by-number"]
    assert str(moved.problems[0].resource) == "Service shop/web"
    assert codes(named) == codes(kept) == []


def launches(*names: str) -> list[Launch]:
    text = "---".join(
        f"\napiVersion: tulle.dev/v1\nkind: Process\nmetadata: {{name: {name}}}\nspec: {{}}\n"
        for name in names
    )
    processes = [r for r in decode.read(text, "m.yaml").resources if isinstance(r, Process)]
    return [Launch(replicas_of(process)[0], (), None) for process in processes]


def calling(**calls: str) -> Callable[[Launch], set[WorkloadRef]]:
    return lambda launch: {
        WorkloadRef("default", name) for name in calls.get(launch.replica.ref.name, "").split()
    }


def names_of(ordered: list[list[Launch]]) -> list[list[str]]:
    return [[launch.replica.ref.name for launch in wave] for wave in ordered]


def test_callers_end_before_those_they_call() -> None:
    everyone = launches("db", "web", "entry", "cart")

    ordered = waves(everyone, calling(entry="web", web="cart db", cart="db"))

    assert names_of(ordered) == [["entry"], ["web"], ["cart"], ["db"]]


def test_those_that_call_each_other_end_together_and_one_may_call_itself() -> None:
    ordered = waves(launches("a", "b", "c"), calling(a="b", b="a", c="c a"))

    assert names_of(ordered) == [["c"], ["a", "b"]]
