"""Playbooks: what happens to a workload of the host's agent, and what follows from it."""

from hypothesis import given
from hypothesis import strategies as st

from tulle.agent.host.frames import (
    Dismissed,
    Goodbye,
    HasLeft,
    Health,
    Hurry,
    JoinedMesh,
    Leave,
    ProxyRuns,
    Ready,
    Told,
)
from tulle.agent.host.tenancy import (
    OWN_EXIT_S,
    BeginLeave,
    CutShort,
    Finish,
    ReportHealth,
    Say,
    Tenancy,
)
from tulle.agent.tenants import Given

GIVEN = Given(http_proxy_port=1)


def serving() -> Tenancy:
    """A workload whose `tulle run` is here and whose proxy serves."""
    tenancy = Tenancy()
    tenancy.attach()
    tenancy.joined("shop", "web-1", cached=False)
    tenancy.ready(GIVEN)
    return tenancy


def test_a_first_start_from_joining_to_the_end():
    tenancy = Tenancy()

    assert tenancy.attach() == []
    assert tenancy.told("waiting") == [Say(Told(text="waiting"))]
    joined = JoinedMesh(namespace="shop", workload="web-1")
    assert tenancy.joined("shop", "web-1", cached=False) == [Say(joined)]
    assert tenancy.ready(GIVEN) == [Say(Ready(given=GIVEN))]
    assert tenancy.said(Health(healthy=True)) == [ReportHealth(True, "")]
    assert tenancy.said(Leave(deadline_s=9, drain=True)) == [BeginLeave(9, True)]
    assert tenancy.left() == [Say(HasLeft())]
    assert tenancy.said(Goodbye()) == [Finish()]
    assert tenancy.said(Goodbye()) == []


def test_who_comes_back_is_told_all_it_has_to_know():
    tenancy = serving()
    tenancy.proxy(False)
    tenancy.detach()
    assert tenancy.told("nobody hears this") == []
    joined = JoinedMesh(namespace="shop", workload="web-1")

    assert tenancy.attach() == [
        Say(joined),
        Say(Ready(given=GIVEN)),
        Say(ProxyRuns(runs=False)),
    ]


def test_hanging_up_alone_changes_nothing():
    """The agent of the other side restarts, or it is stopped for a while: its program serves."""
    tenancy = serving()
    tenancy.said(Health(healthy=True))
    tenancy.detach()

    assert not tenancy.leaving
    assert tenancy.healthy


def test_the_death_of_the_owner_takes_the_workload_out_without_waiting_for_callers():
    tenancy = serving()
    tenancy.detach()

    assert tenancy.owner_died() == [BeginLeave(OWN_EXIT_S, False)]
    assert tenancy.left() == [Finish()]


def test_the_death_of_an_owner_that_was_leaving_ends_the_wait():
    tenancy = serving()
    tenancy.said(Leave(deadline_s=60, drain=True))
    tenancy.detach()

    assert tenancy.owner_died() == [CutShort()]
    assert tenancy.left() == [Finish()]


def test_a_death_that_is_noticed_after_somebody_came_back_means_nothing():
    tenancy = serving()
    tenancy.detach()
    tenancy.attach()

    assert tenancy.owner_died() == []


def test_before_the_proxy_is_ready_there_is_nothing_to_leave():
    tenancy = Tenancy()
    tenancy.attach()

    assert tenancy.said(Leave(deadline_s=5)) == [Say(HasLeft())]
    tenancy.detach()
    assert tenancy.owner_died() == [Finish()]


def test_an_agent_that_goes_on_with_a_workload_knows_that_it_was_well():
    tenancy = Tenancy()
    tenancy.healthy = True

    assert tenancy.ready(GIVEN) == [ReportHealth(True, "")]


def test_an_agent_that_finds_the_owner_dead_still_tells_the_callers():
    tenancy = Tenancy()
    tenancy.healthy = True

    assert tenancy.owner_died() == []
    assert tenancy.ready(GIVEN) == [BeginLeave(OWN_EXIT_S, False)]
    assert tenancy.left() == [Finish()]


def test_a_run_that_was_leaving_goes_on_with_the_next_agent_once_that_can_tell_the_callers():
    tenancy = Tenancy()
    tenancy.healthy = True
    tenancy.attach()

    assert tenancy.said(Leave(deadline_s=9, drain=True)) == []
    assert tenancy.ready(GIVEN) == [
        ReportHealth(True, ""),
        Say(Ready(given=GIVEN)),
        BeginLeave(9, True),
    ]


def test_health_that_is_told_before_the_proxy_is_ready_is_reported_then():
    tenancy = Tenancy()
    tenancy.attach()

    assert tenancy.said(Health(healthy=True)) == []
    assert tenancy.ready(GIVEN) == [ReportHealth(True, ""), Say(Ready(given=GIVEN))]


def test_asked_to_leave_again_it_does_so_once():
    tenancy = serving()
    tenancy.said(Leave(deadline_s=9))

    assert tenancy.said(Leave(deadline_s=9)) == []
    assert tenancy.said(Hurry()) == [CutShort()]
    tenancy.left()
    assert tenancy.said(Leave(deadline_s=9)) == [Say(HasLeft())]


def test_hurry_means_nothing_to_who_does_not_leave():
    assert serving().said(Hurry()) == []


def test_dismissed_the_program_leaves_in_good_order():
    tenancy = serving()

    assert tenancy.dismiss() == [Say(Dismissed())]
    tenancy.detach()
    assert Say(Dismissed()) in tenancy.attach()


def test_dismissed_while_nobody_is_there_it_leaves_at_once():
    tenancy = serving()
    tenancy.detach()

    assert tenancy.dismiss() == [BeginLeave(OWN_EXIT_S, False)]


def test_the_proxys_state_is_told_when_it_changes():
    tenancy = serving()

    assert tenancy.proxy(True) == []
    assert tenancy.proxy(False) == [Say(ProxyRuns(runs=False))]
    assert tenancy.proxy(False) == []
    assert tenancy.proxy(True) == [Say(ProxyRuns(runs=True))]


def happening(tenancy: Tenancy, what: str) -> list[object]:
    """One thing that may happen, and what it leads to."""
    happenings = {
        "attach": tenancy.attach,
        "detach": tenancy.detach,
        "die": tenancy.owner_died,
        "joined": lambda: tenancy.joined("shop", "web-1", cached=False),
        "ready": lambda: tenancy.ready(GIVEN),
        "left": tenancy.left,
        "dismiss": tenancy.dismiss,
        "well": lambda: tenancy.said(Health(healthy=True)),
        "leave": lambda: tenancy.said(Leave(deadline_s=1, drain=True)),
        "hurry": lambda: tenancy.said(Hurry()),
        "goodbye": lambda: tenancy.said(Goodbye()),
    }
    return list(happenings[what]() or [])


HAPPENINGS = st.sampled_from(
    ["attach", "detach", "die", "joined", "ready", "left", "dismiss", "well", "leave", "hurry", "goodbye"]
)  # fmt: skip


@given(st.lists(HAPPENINGS, max_size=30))
def test_whatever_happens_it_leaves_once_ends_once_and_speaks_to_who_is_there(happened):
    tenancy = Tenancy()
    done: list[object] = []
    here = ready = False
    for what in happened:
        here = what == "attach" or (here and what != "detach")
        ready = ready or what == "ready"
        decided = happening(tenancy, what)
        done += decided
        assert here or not any(isinstance(one, Say) for one in decided)
        assert ready or not any(isinstance(one, ReportHealth | BeginLeave) for one in decided)

    assert sum(isinstance(one, Finish) for one in done) <= 1
    assert sum(isinstance(one, BeginLeave) for one in done) <= 1


@given(st.lists(HAPPENINGS, max_size=20))
def test_whatever_happened_an_owner_that_died_is_followed_by_the_end(happened):
    tenancy = Tenancy()
    done = [one for what in happened for one in happening(tenancy, what)]
    tenancy.detach()
    done += tenancy.owner_died()
    done += tenancy.ready(GIVEN)
    done += tenancy.left()

    assert sum(isinstance(one, Finish) for one in done) == 1
