"""Playbooks of a delta stream. Sections of the xDS protocol text are named where a test holds us to one."""

import pytest
from tests.unit.ads.playbooks import TYPES, Playbook, grace, says, snapshot, truth

from tulle.ads.delta import MAX_TYPES, Accepted, DeltaStream, RefusedByProxy
from tulle.ads.messages import Request
from tulle.ads.wire import ProtocolError
from tulle.xds.snapshots import TypeUrl

CDS, EDS, LDS, RDS = (TYPES[short] for short in ("CDS", "EDS", "LDS", "RDS"))


# What is asked is answered


def test_nothing_is_answered_before_the_truth_is_known() -> None:
    assert Playbook() >> says("CDS *") >> truth("CDS a@1") << "CDS a@1"


def test_a_legacy_wildcard_gets_everything() -> None:
    assert Playbook() >> truth("LDS l@1 m@1") >> says("LDS") << "LDS l@1 m@1"


def test_a_wildcard_for_nothing_is_answered_with_nothing() -> None:
    assert Playbook() >> truth() >> says("LDS *") << "LDS" >> says("LDS ack")


def test_a_name_gets_only_itself() -> None:
    assert Playbook() >> truth("EDS a@1 b@1") >> says("EDS +b") << "EDS b@1"


def test_an_unknown_name_is_answered_at_once_as_removed_and_sent_when_it_appears() -> None:
    play = Playbook() >> truth("EDS b@1") >> says("EDS +a") << "EDS -a"
    assert play >> says("EDS ack") >> truth("EDS a@1 b@1") << "EDS a@1"


def test_a_name_asked_for_again_is_sent_again() -> None:
    play = Playbook() >> truth("EDS a@1") >> says("EDS +a") << "EDS a@1" >> says("EDS ack")
    assert play >> says("EDS +a") << "EDS a@1"


def test_a_name_asked_for_again_before_the_answer_is_sent_again_after_it() -> None:
    play = Playbook() >> truth("EDS a@1") >> says("EDS +a") << "EDS a@1" >> says("EDS +a")
    assert play >> says("EDS ack") << "EDS a@1" >> says("EDS ack")


def test_an_unsubscribed_name_is_heard_of_no_more_and_sent_anew_when_resubscribed() -> None:
    play = Playbook() >> truth("EDS a@1") >> says("EDS +a") << "EDS a@1" >> says("EDS ack")
    play = play >> says("EDS -a") >> truth("EDS a@2") >> truth()
    assert play >> truth("EDS a@2") >> says("EDS +a") << "EDS a@2"


def test_a_name_given_up_under_a_wildcard_is_answered() -> None:
    play = Playbook() >> truth("CDS a@1") >> says("CDS * +a +x") << "CDS a@1 -x"
    play = play >> says("CDS ack") >> says("CDS -a -x") << "CDS a@1 -x"
    assert play >> says("CDS ack") >> truth("CDS a@2") << "CDS a@2"


def test_a_wildcard_given_up_leaves_the_names() -> None:
    play = Playbook() >> truth("CDS a@1 b@1") >> says("CDS * +a") << "CDS a@1 b@1"
    play = play >> says("CDS ack") >> says("CDS -*") >> truth("CDS a@2 b@2") << "CDS a@2"
    assert play >> says("CDS ack") >> says("CDS *") << "CDS b@2"


def test_a_new_stream_gets_only_what_it_does_not_hold() -> None:
    play = Playbook() >> truth("CDS a@1 b@2")
    play = play >> says("CDS *", initial_versions={"a": "1", "b": "1"}) << "CDS b@2"
    assert not play.events()


def test_a_new_stream_that_holds_everything_is_answered_with_nothing() -> None:
    play = Playbook() >> truth("CDS a@1") >> says("CDS *", initial_versions={"a": "1"}) << "CDS"
    assert play >> says("CDS ack")


def test_a_new_stream_is_rid_of_what_is_gone() -> None:
    play = Playbook() >> truth("LDS l@1")
    assert play >> says("LDS *", initial_versions={"l": "1", "m": "1"}) << "LDS -m"


def test_a_type_we_do_not_serve_is_answered_as_empty() -> None:
    stream = DeltaStream()
    stream.on_snapshot(snapshot("CDS a@1"))
    (response,) = stream.on_request(Request("type.googleapis.com/x.Runtime", ("layer",)))
    assert response.removed == ("layer",)
    assert response.framed == ()


def test_too_many_types_end_the_stream() -> None:
    stream = DeltaStream()
    for number in range(MAX_TYPES):
        stream.on_request(Request(f"type.googleapis.com/x.T{number}"))
    with pytest.raises(ProtocolError):
        stream.on_request(Request("type.googleapis.com/x.OneMore"))


# One outstanding response, latest wins


def test_a_change_waits_for_the_answer_and_the_latest_wins() -> None:
    play = Playbook() >> truth("EDS a@1") >> says("EDS +a") << "EDS a@1"
    play = play >> truth("EDS a@2") >> truth("EDS a@3") >> says("EDS ack") << "EDS a@3"
    assert play >> says("EDS ack")


def test_types_do_not_wait_for_each_other_without_a_need() -> None:
    play = Playbook() >> truth("CDS a@1", "LDS l@1") >> says("CDS *") << "CDS a@1"
    assert play >> says("LDS *") << "LDS l@1"


def test_what_comes_back_while_its_removal_is_on_the_way_is_sent_after_it() -> None:
    play = Playbook() >> truth("LDS l@1") >> says("LDS *") << "LDS l@1" >> says("LDS ack")
    play = play >> truth() << "LDS -l" >> truth("LDS l@1") >> says("LDS ack") << "LDS l@1"
    assert play >> says("LDS ack")


def test_a_stale_answer_changes_nothing() -> None:
    play = Playbook() >> truth("EDS a@1") >> says("EDS +a") << "EDS a@1"
    play.stream.on_request(Request(EDS, nonce="of another stream"))
    assert play.events() == []
    assert not play.stream.is_in_sync(EDS)


def test_clusters_go_on_while_others_warm_but_not_without_bound() -> None:
    play = Playbook() >> truth("CDS a@1") >> says("CDS *") << "CDS a@1"
    play = play >> truth("CDS a@2") << "CDS a@2" >> truth("CDS a@3") << "CDS a@3"
    play = play >> truth("CDS a@4") >> truth("CDS a@5") >> says("CDS ack") << "CDS a@5"
    assert play >> says("CDS ack") >> says("CDS ack") >> says("CDS ack")
    assert play.stream.is_in_sync(CDS)


# Make before break


def test_endpoints_and_secrets_go_with_their_cluster_not_after_its_answer() -> None:
    play = Playbook() >> truth("CDS a@1 needs EDS:a SDS:s", "EDS a@1", "SDS s@1")
    assert (
        play
        >> says("CDS *")
        << "CDS a@1"
        >> says("EDS +a")
        << "EDS a@1"
        >> says("SDS +s")
        << "SDS s@1"
    )


def test_endpoints_are_sent_again_after_their_cluster_changed() -> None:
    play = Playbook() >> truth("CDS a@1 b@1", "EDS a@1 b@1") >> says("CDS *") << "CDS a@1 b@1"
    play = play >> says("EDS +a +b") << "EDS a@1 b@1" >> says("EDS ack") >> says("CDS ack")
    play = play >> truth("CDS a@2 b@1", "EDS a@1 b@1") << "CDS a@2" << "EDS a@1"
    assert play >> says("EDS ack") >> says("CDS ack")


def test_endpoints_on_their_way_when_their_cluster_changes_are_sent_again_after_the_answer() -> (
    None
):
    play = Playbook() >> truth("CDS a@1", "EDS a@1") >> says("CDS *") << "CDS a@1"
    play = play >> says("EDS +a") << "EDS a@1" >> truth("CDS a@2", "EDS a@1") << "CDS a@2"
    assert play >> says("EDS ack") << "EDS a@1" >> says("EDS ack")


def test_endpoints_to_be_sent_again_stay_due_when_a_new_version_is_refused() -> None:
    play = Playbook() >> truth("CDS a@1", "EDS a@1") >> says("CDS *") << "CDS a@1"
    play = play >> says("EDS +a") << "EDS a@1" >> says("EDS ack") >> says("CDS ack")
    play = play >> truth("CDS a@2", "EDS a@2") << "CDS a@2" << "EDS a@2" >> says("EDS nack no")
    assert play >> truth("CDS a@2", "EDS a@1") << "EDS a@1"


def test_endpoints_held_from_an_earlier_stream_are_void_where_this_one_replaced_the_cluster() -> (
    None
):
    play = Playbook() >> truth("CDS a@2 b@1", "EDS a@1 b@1")
    play = play >> says("CDS *", initial_versions={"a": "1", "b": "1"}) << "CDS a@2"
    assert play >> says("EDS +a +b", initial_versions={"a": "1", "b": "1"}) << "EDS a@1"


def test_an_agent_keeps_endpoints_itself_and_gets_them_once_and_first() -> None:
    play = Playbook() >> truth("CDS a@1", "EDS a@1") >> says("EDS *") << "EDS a@1"
    play = play >> says("CDS *") << "CDS a@1" >> says("EDS ack") >> says("CDS ack")
    play = play >> truth("CDS a@2", "EDS a@1") << "CDS a@2" >> says("CDS ack")
    assert play >> truth("CDS a@2 b@1", "EDS a@1 b@1") << "EDS b@1" << "CDS b@1"


def test_a_route_waits_for_the_clusters_and_endpoints_it_needs() -> None:
    play = Playbook() >> truth("CDS a@1 needs EDS:a", "EDS a@1", "RDS r@1 needs a")
    play = play >> says("CDS *") << "CDS a@1" >> says("EDS +a") << "EDS a@1" >> says("RDS +r")
    assert play >> says("CDS ack") >> says("EDS ack") << "RDS r@1"


def test_a_route_to_a_new_cluster_waits_and_others_go_on() -> None:
    play = Playbook() >> truth("CDS a@1", "RDS r@1 q@1 needs a") >> says("CDS *") << "CDS a@1"
    play = play >> says("CDS ack") >> says("RDS +q +r") << "RDS q@1 r@1" >> says("RDS ack")
    play = play >> truth("CDS a@1 b@1", "RDS r@2 needs b", "RDS q@2 needs a")
    play = play << "CDS b@1" << "RDS q@2" >> says("RDS ack") >> says("CDS ack") << "RDS r@2"
    assert not play.stream.is_in_sync(RDS)
    assert play >> says("RDS ack")
    assert play.stream.is_in_sync(RDS)


def test_a_route_is_not_starved_by_endpoints_that_keep_changing() -> None:
    play = Playbook() >> truth("CDS a@1 needs EDS:a", "EDS a@1", "RDS r@1 needs a")
    play = play >> says("CDS *") << "CDS a@1" >> says("EDS +a") << "EDS a@1" >> says("CDS ack")
    play = play >> says("EDS ack") >> says("RDS +r") << "RDS r@1" >> says("RDS ack")
    play = play >> truth("CDS a@1 needs EDS:a", "EDS a@2", "RDS r@2 needs a") << "EDS a@2"
    play = play >> truth("CDS a@1 needs EDS:a", "EDS a@3", "RDS r@2 needs a")
    assert play >> says("EDS ack") << "EDS a@3" << "RDS r@2"


def test_a_listener_waits_for_the_rules_its_drained_chain_comes_back_with() -> None:
    play = Playbook() >> truth("ECDS x@1", "LDS l@1 needs ECDS:x") >> says("LDS *") << "LDS l@1"
    play = play >> says("ECDS +x") << "ECDS x@1" >> says("LDS ack") >> says("ECDS ack")
    play = play >> truth("ECDS x@2", "LDS l@2 needs ECDS:x") << "ECDS x@2"
    assert play >> says("ECDS ack") << "LDS l@2"


def test_the_first_answer_to_a_wildcard_is_whole() -> None:
    play = Playbook() >> truth("CDS a@1", "LDS l@1 needs a", "LDS m@1") >> says("CDS *")
    play = play << "CDS a@1" >> says("LDS *")
    assert play >> says("CDS ack") << "LDS l@1 m@1"


def test_a_cluster_is_removed_after_its_routes_left_it_and_a_grace() -> None:
    play = Playbook() >> truth("CDS a@1 b@1", "RDS r@1 needs a") >> says("CDS *")
    play = play << "CDS a@1 b@1" >> says("CDS ack") >> says("RDS +r") << "RDS r@1"
    play = play >> says("RDS ack") >> truth("CDS b@1", "RDS r@2 needs b") << "RDS r@2"
    assert not play.stream.removals_due
    play = play >> grace() >> grace() >> grace() >> says("RDS ack")
    assert play.stream.removals_due
    play = play >> grace() >> grace() << "CDS -a"
    assert play >> says("CDS ack") >> grace()
    assert not play.stream.removals_due


def test_a_cluster_stays_while_the_route_that_left_it_is_refused() -> None:
    play = Playbook() >> truth("CDS a@1", "RDS r@1 needs a") >> says("CDS *") << "CDS a@1"
    play = play >> says("CDS ack") >> says("RDS +r") << "RDS r@1" >> says("RDS ack")
    play = play >> truth("RDS r@2") << "RDS r@2" >> says("RDS nack no") >> grace() >> grace()
    assert (
        play >> truth("RDS r@3") << "RDS r@3" >> says("RDS ack") >> grace() >> grace() << "CDS -a"
    )


def test_a_cluster_that_comes_back_during_the_grace_is_not_removed() -> None:
    play = Playbook() >> truth("CDS a@1") >> says("CDS *") << "CDS a@1" >> says("CDS ack")
    play = play >> truth() >> grace() >> truth("CDS a@1") >> truth() >> grace()
    assert play >> grace() << "CDS -a"


def test_leftover_routes_go_before_the_clusters_they_name() -> None:
    play = Playbook() >> truth("CDS a@1", "RDS r@1 needs a") >> says("CDS *") << "CDS a@1"
    play = play >> says("CDS ack") >> says("RDS *") << "RDS r@1" >> says("RDS ack")
    play = play >> truth() >> grace() >> grace() << "RDS -r" >> grace() >> says("RDS ack")
    assert play >> grace() >> grace() << "CDS -a" >> says("CDS ack")


def test_a_listener_is_removed_together_with_what_takes_its_port() -> None:
    play = Playbook() >> truth("LDS l@1") >> says("LDS *") << "LDS l@1" >> says("LDS ack")
    assert play >> truth("LDS m@1") << "LDS m@1 -l"


# Refusals


def refused(play: Playbook) -> list[tuple[str | None, str, str]]:
    events = [event for event in play.events() if isinstance(event, RefusedByProxy)]
    return [(event.name, event.version, event.detail) for event in events]


def test_a_resource_refused_alone_is_reported_with_its_origin_and_not_sent_again() -> None:
    play = Playbook() >> truth("CDS a@1") >> says("CDS *") << "CDS a@1" >> says("CDS nack bad ring")
    (event,) = play.events()
    assert isinstance(event, RefusedByProxy)
    assert (event.type_url, event.name, event.version) == (CDS, "a", "1")
    assert event.detail == "bad ring"
    assert [str(origin) for origin in event.origins] == ["HTTPRoute shop/a spec"]
    assert not play.stream.is_in_sync(CDS)
    assert play >> truth("CDS a@1") >> truth("CDS a@2") << "CDS a@2"


def test_after_a_refusal_of_several_the_culprit_is_found_and_the_others_go_on() -> None:
    play = Playbook() >> truth("CDS a@1 b@1 c@1") >> says("CDS *") << "CDS a@1 b@1 c@1"
    play = play >> says("CDS nack b is bad") << "CDS a@1" >> says("CDS ack") << "CDS b@1"
    play = play >> says("CDS nack b is bad") << "CDS c@1" >> says("CDS ack")
    assert refused(play) == [("b", "1", "b is bad")]
    assert play >> truth("CDS a@2 b@1 c@1") << "CDS a@2"


def test_removals_of_a_refused_response_are_repeated_before_its_resources() -> None:
    play = Playbook() >> truth("LDS l@1 m@1") >> says("LDS *") << "LDS l@1 m@1" >> says("LDS ack")
    play = play >> truth("LDS l@2") << "LDS l@2 -m" >> says("LDS nack no") << "LDS -m"
    play = play >> says("LDS ack") << "LDS l@2" >> says("LDS nack no")
    assert refused(play) == [("l", "2", "no")]


def test_a_refused_removal_is_reported_and_not_repeated() -> None:
    play = Playbook() >> truth("LDS l@1") >> says("LDS *") << "LDS l@1" >> says("LDS ack")
    play = play >> truth() << "LDS -l" >> says("LDS nack static")
    assert refused(play) == [(None, "", "static")]


def test_new_changes_overtake_the_search_for_the_culprit() -> None:
    play = Playbook() >> truth("EDS a@1 b@1 c@1") >> says("EDS +a +b") << "EDS a@1 b@1"
    play = play >> says("EDS nack no") << "EDS a@1" >> says("EDS +c") >> says("EDS ack")
    assert play << "EDS c@1" >> says("EDS ack") << "EDS b@1" >> says("EDS ack")
    assert play.stream.is_in_sync(EDS)


def test_a_refused_version_that_returns_later_is_tried_again() -> None:
    play = Playbook() >> truth("EDS a@1") >> says("EDS +a") << "EDS a@1" >> says("EDS nack no")
    play = play >> truth("EDS a@2") << "EDS a@2" >> says("EDS ack")
    assert play >> truth("EDS a@1") << "EDS a@1"


def test_a_route_to_a_refused_cluster_is_held_back_and_others_go_on() -> None:
    play = Playbook() >> truth("CDS a@1", "RDS r@1 needs a", "RDS q@1") >> says("CDS *")
    play = play << "CDS a@1" >> says("CDS nack no") >> says("RDS +r +q") << "RDS q@1"
    play = play >> says("RDS ack")
    assert not play.stream.is_in_sync(RDS)
    assert (
        play
        >> truth("CDS a@2", "RDS r@1 needs a", "RDS q@1")
        << "CDS a@2"
        >> says("CDS ack")
        << "RDS r@1"
    )


def test_a_refused_cluster_does_not_keep_the_first_listeners_away() -> None:
    play = Playbook() >> truth("CDS a@1", "LDS l@1 needs a", "LDS m@1") >> says("CDS *")
    play = play << "CDS a@1" >> says("LDS *")
    assert play >> says("CDS nack no") << "LDS m@1"


def test_without_a_search_a_refusal_is_handed_on_and_the_old_versions_are_restored() -> None:
    play = Playbook(DeltaStream(find_culprits=False)) >> truth("CDS a@1 b@1") >> says("CDS *")
    play = play << "CDS a@1 b@1" >> says("CDS ack") >> truth("CDS a@2 b@2") << "CDS a@2 b@2"
    play = play >> says("CDS nack no")
    assert refused(play) == [(None, "", "no")]
    assert not play.stream.is_in_sync(CDS)
    play = play >> truth("CDS a@1 b@1") << "CDS a@1 b@1" >> says("CDS ack")
    assert play.stream.is_in_sync(CDS)


def test_what_was_refused_is_tried_again_when_somebody_offers_it_alone() -> None:
    play = Playbook(DeltaStream(find_culprits=False)) >> truth("CDS a@1 b@1") >> says("CDS *")
    play = play << "CDS a@1 b@1" >> says("CDS nack no") >> truth() >> truth("CDS a@1")
    play.stream.try_again(CDS, ["a"])
    assert play >> truth("CDS a@1") << "CDS a@1" >> says("CDS ack")
    assert play.stream.is_in_sync(CDS)
    play.stream.try_again(RDS, ["never asked for"])


def test_without_a_search_a_removal_in_a_refused_response_is_undone_when_it_is_taken_back() -> None:
    play = Playbook(DeltaStream(find_culprits=False)) >> truth("LDS l@1 m@1") >> says("LDS *")
    play = play << "LDS l@1 m@1" >> says("LDS ack") >> truth("LDS l@2") << "LDS l@2 -m"
    assert play >> says("LDS nack no") << "LDS -m" >> truth("LDS l@1 m@1")


# What is reported


def test_what_is_accepted_is_reported_with_its_versions() -> None:
    play = Playbook() >> truth("EDS a@1 b@7") >> says("EDS +a +b") << "EDS a@1 b@7"
    play = play >> says("EDS ack")
    assert play.events() == [Accepted(EDS, {"a": "1", "b": "7"})]
    assert play.events() == []


def test_one_answer_may_stand_for_several_responses() -> None:
    play = Playbook() >> truth("CDS a@1") >> says("CDS *") << "CDS a@1"
    play = play >> truth("CDS a@1 b@1") << "CDS b@1"
    play.stream.on_request(Request(CDS, nonce=play.nonces[CDS][-1]))
    assert play.events() == [Accepted(CDS, {"a": "1", "b": "1"})]
    assert play.stream.is_in_sync(CDS)


def test_a_proxy_is_in_sync_once_it_listens_and_has_confirmed_everything() -> None:
    play = Playbook()
    assert not play.stream.in_sync
    play = play >> truth("CDS a@1", "LDS l@1") >> says("CDS *") << "CDS a@1" >> says("CDS ack")
    assert not play.stream.in_sync
    play = play >> says("LDS *") << "LDS l@1"
    assert not play.stream.in_sync
    play = play >> says("LDS ack")
    assert play.stream.in_sync
    play = play >> truth("CDS a@1", "LDS l@2") << "LDS l@2"
    assert not play.stream.in_sync


def test_a_proxy_is_in_sync_while_only_its_leftovers_wait_for_the_grace() -> None:
    play = Playbook() >> truth("CDS a@1") >> says("CDS *") << "CDS a@1" >> says("CDS ack")
    play = play >> says("LDS *") << "LDS" >> says("LDS ack") >> truth()
    assert play.stream.in_sync
    assert play.stream.removals_due


def test_a_listener_that_should_be_gone_is_not_in_sync() -> None:
    play = Playbook() >> truth("LDS l@1") >> says("LDS *") << "LDS l@1" >> says("LDS ack")
    play = play >> truth() << "LDS -l"
    assert not play.stream.in_sync
    assert play >> says("LDS ack")
    assert play.stream.in_sync


def test_a_type_never_asked_for_is_in_sync() -> None:
    stream = DeltaStream()
    assert not stream.is_in_sync(TypeUrl.ROUTE)
    stream.on_snapshot(snapshot("RDS r@1"))
    assert stream.is_in_sync(TypeUrl.ROUTE)


# Names


def test_names_are_told_once_the_proxy_has_everything_they_may_lead_to() -> None:
    play = Playbook() >> truth("CDS a@1", "LDS l@1 needs a", "NDS n@1")
    play = play >> says("CDS *") << "CDS a@1" >> says("LDS *") >> says("NDS *")
    play = play >> says("CDS ack") << "LDS l@1"
    assert play >> says("LDS ack") << "NDS n@1" >> says("NDS ack")


def test_a_new_name_waits_for_its_listener_and_goes_with_it_at_once() -> None:
    play = Playbook() >> truth("LDS l@1", "NDS n@1") >> says("LDS *") << "LDS l@1"
    play = play >> says("LDS ack") >> says("NDS *") << "NDS n@1" >> says("NDS ack")
    play = play >> truth("LDS l@1 m@1", "NDS n@1 o@1") << "LDS m@1"
    assert (
        play
        >> says("LDS ack")
        << "NDS o@1"
        >> says("NDS ack")
        >> truth("LDS l@1", "NDS n@1")
        << ("LDS -m")
        << "NDS -o"
    )


def test_what_a_proxy_refuses_holds_no_name_up() -> None:
    play = Playbook() >> truth("LDS bad@1", "NDS n@1") >> says("LDS *") << "LDS bad@1"
    assert play >> says("NDS *") >> says("LDS nack no") << "NDS n@1"
