from hypothesis import given
from hypothesis import strategies as st

from tulle.agent.proxy.totals import Totals, add, fold
from tulle.model.wire import EdgeReport, EdgeSample


def edge(requests: int, service: str = "reviews", p50_ms: float | None = None) -> EdgeSample:
    return EdgeSample(
        service=service,
        namespace="shop",
        port=80,
        protocol="http",
        requests=requests,
        failures=1,
        connections=2,
        handshakes=2,
        p50_ms=p50_ms,
    )


def test_counts_of_two_lives_add_up_and_times_are_the_present_ones():
    before = EdgeReport(edges=(edge(10, p50_ms=1.0),), denied=1)
    now = EdgeReport(edges=(edge(5, p50_ms=9.0), edge(1, "new")), denied=2)

    total = add(before, now)

    assert [(e.service, e.requests, e.failures, e.p50_ms) for e in total.edges] == [
        ("reviews", 15, 2, 9.0),
        ("new", 1, 1, None),
    ]
    assert total.denied == 3


def test_an_edge_the_present_life_has_not_used_is_kept():
    total = add(EdgeReport(edges=(edge(10),)), EdgeReport(edges=()))

    assert total.edges == (edge(10),)


def requests_of(totals: Totals) -> dict[str, int]:
    return {edge.service: edge.requests for edge in totals.sum.edges}


def test_what_an_heir_forgets_of_the_one_before_is_kept():
    """It adds what that one counts until it is gone, and lets go of numbers it has no use for itself."""
    totals = fold(Totals(), 1, EdgeReport(edges=(edge(10), edge(4, "ratings"))))
    totals = fold(totals, 2, EdgeReport(edges=(edge(3), edge(2, "ratings")), denied=1))
    totals = fold(totals, 2, EdgeReport(edges=(edge(5),)))
    assert requests_of(totals) == {"reviews": 15, "ratings": 6}
    assert totals.sum.denied == 1

    totals = fold(totals, 2, EdgeReport(edges=(edge(5), edge(1, "ratings"))))
    assert requests_of(totals) == {"reviews": 15, "ratings": 7}


def test_another_life_counts_from_zero_however_much_it_counted():
    totals = fold(Totals(), 1, EdgeReport(edges=(edge(10),)))
    assert requests_of(fold(totals, 2, EdgeReport(edges=(edge(12),)))) == {"reviews": 22}


def test_edges_that_say_nothing_are_not_kept():
    silent = EdgeSample(
        **{**_plain(edge(0)), "failures": 0, "connections": 0, "handshakes": 0},
    )
    assert (
        fold(
            Totals(life=1, latest=EdgeReport(edges=(silent,))), 2, EdgeReport(edges=())
        ).before.edges
        == ()
    )


def _plain(sample: EdgeSample) -> dict[str, object]:
    return {name: getattr(sample, name) for name in sample.__struct_fields__}


readings = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.dictionaries(st.sampled_from("abc"), st.integers(1, 50), max_size=3),
    ),
    max_size=12,
)


@given(readings)
def test_no_sum_ever_goes_back(steps):
    """Lives change (1) or not (0); within one, numbers grow, begin anew, or are gone."""
    totals, life, before = Totals(), 1, {}
    for step, counts in steps:
        life += step
        report = EdgeReport(edges=tuple(edge(n, name) for name, n in counts.items()))
        totals = fold(totals, life, report)
        now = requests_of(totals)
        assert all(now[name] >= count for name, count in before.items())
        before = now


@given(st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=5), max_size=5))
def test_where_numbers_only_grow_within_a_life_nothing_is_counted_twice(lives):
    """Each life ends at its largest number: the sum is that of all ends."""
    totals = Totals()
    for life, counts in enumerate(lives, start=1):
        for count in sorted(counts):
            totals = fold(totals, life, EdgeReport(edges=(edge(count),)))
    assert requests_of(totals).get("reviews", 0) == sum(max(counts) for counts in lives)
