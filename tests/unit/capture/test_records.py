import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.capture.records import Record, Seen, Standing, State, standings, to_clean
from tulle.capture.tables import Table, table_name

HERE, THERE = 4026531840, 4026532000


def record(name: str, *, namespace: int = HERE, path: str = "") -> Record:
    return Record(
        table=table_name(name),
        workload=f"shop/{name}",
        mode="netns" if path else "cgroup",
        state_dir=f"/state/{name}",
        cgroup=f"/sys/fs/cgroup/tulle/{table_name(name)}",
        namespace=namespace,
        namespace_path=path,
        outbound_port=15001,
        inbound_port=15006,
    )


def seen(*tables: str, living: tuple[str, ...] = (), namespace: int = HERE) -> Seen:
    there = tuple(Table(table_name(name)) for name in tables)
    return Seen({HERE: (), namespace: there}, {table_name(name) for name in living}, {})


def state_of(one: Record, what: Seen) -> State:
    (standing,) = standings([one], what)
    return standing.state


def test_a_capture_with_agent_and_rules_is_active() -> None:
    assert state_of(record("web"), seen("web", living=("web",))) is State.ACTIVE


def test_what_has_yet_to_join_has_no_rules_and_is_left_alone() -> None:
    early = msgspec.structs.replace(record("web"), outbound_port=0, inbound_port=0)
    found = standings([early], seen(living=("web",)))

    assert [one.state for one in found] == [State.STARTING]
    assert to_clean(found, everything=True) == ()


def test_a_living_agent_without_its_rules_is_broken() -> None:
    assert state_of(record("web"), seen(living=("web",))) is State.BROKEN


@pytest.mark.parametrize("tables", [(), ("web",)])
def test_what_a_killed_agent_leaves_is_left_behind_with_or_without_rules(
    tables: tuple[str, ...],
) -> None:
    assert state_of(record("web"), seen(*tables)) is State.LEFT_BEHIND


def test_a_namespace_that_is_gone_took_its_rules_with_it() -> None:
    one = record("web", namespace=THERE, path="/run/netns/gone")

    assert state_of(one, seen()) is State.LEFT_BEHIND


def test_a_table_of_ours_without_record_is_told() -> None:
    (standing,) = standings([], seen("web"))

    assert standing == Standing(table_name("web"), State.UNRECORDED, None, Table(table_name("web")))


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.lists(st.sampled_from("abcdef")))
def test_cleaning_never_takes_what_somebody_lives_behind(
    names: list[str], living: list[str]
) -> None:
    found = standings(map(record, names), seen(*names, living=tuple(living)))

    cleaned = {standing.name for standing in to_clean(found)}

    assert cleaned == {table_name(name) for name in set(names) - set(living)}


def test_cleaning_one_workload_leaves_the_others() -> None:
    found = standings([record("web"), record("db")], seen("web", "db"))

    assert [one.name for one in to_clean(found, workload="shop/db")] == [table_name("db")]


def test_what_runs_on_without_its_agent_stays_captured_until_somebody_insists() -> None:
    what = Seen({HERE: (Table(table_name("web")),)}, (), {table_name("web"): 2})
    found = standings([record("web")], what)

    assert [(one.state, one.running) for one in found] == [(State.UNATTENDED, 2)]
    assert to_clean(found) == ()
    assert to_clean(found, everything=True) == found


def test_cleaning_everything_takes_the_living_too() -> None:
    found = standings([record("web")], seen("web", living=("web",)))

    assert to_clean(found) == ()
    assert [one.name for one in to_clean(found, everything=True)] == [table_name("web")]
