"""Ports of a list meet neither by number nor by name."""

from tulle.codec.checks.ports import check_port_names, check_ports
from tulle.model.kinds.workload import WorkloadPort


def test_different_ports_are_fine() -> None:
    ports = [WorkloadPort(port=80, name="http"), WorkloadPort(port=81), WorkloadPort(port=82)]

    assert list(check_ports(ports, "spec.ports")) == []


def test_a_number_listed_twice_names_both_places() -> None:
    [problem] = check_ports([WorkloadPort(port=80), WorkloadPort(port=80)], "spec.ports")

    assert (problem.path, problem.code) == ("spec.ports[1].port", "duplicate-port")
    assert "spec.ports[0]" in problem.message


def test_a_name_used_twice_is_a_problem_whatever_the_numbers() -> None:
    ports = [WorkloadPort(port=80, name="a"), WorkloadPort(port=81, name="a")]

    assert [one.path for one in check_port_names(ports, "p")] == ["p[1].name"]


def test_a_name_made_of_digits_would_read_as_a_number() -> None:
    [problem] = check_port_names([WorkloadPort(port=80, name="8080")], "p")

    assert (problem.path, problem.code) == ("p[0].name", "bad-name")
