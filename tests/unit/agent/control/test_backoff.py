from tulle.agent.control.backoff import Backoff


def test_waits_double_up_to_the_most():
    backoff = Backoff(first_s=1.0, most_s=4.0, draw=lambda: 1.0)

    assert [backoff.next_s() for _ in range(4)] == [1.0, 2.0, 4.0, 4.0]


def test_luck_takes_away_half_of_a_wait_at_most():
    backoff = Backoff(first_s=1.0, most_s=4.0, draw=lambda: 0.0)

    assert [backoff.next_s() for _ in range(3)] == [0.5, 1.0, 2.0]


def test_two_agents_do_not_come_back_at_the_same_moment():
    assert len({Backoff(1.0, 1.0).next_s() for _ in range(20)}) > 1


def test_after_success_waits_begin_anew():
    backoff = Backoff(first_s=1.0, most_s=4.0, draw=lambda: 1.0)
    backoff.next_s()
    backoff.reset()

    assert backoff.next_s() == 1.0
