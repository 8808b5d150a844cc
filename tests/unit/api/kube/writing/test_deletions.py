"""DeleteOptions, of the body and of the query."""

import msgspec
import pytest

from tulle.api.errors import ApiError
from tulle.api.kube.writing.deletions import DeleteOptions, Deletion, Preconditions, deletion
from tulle.model.deletions import Propagation
from tulle.model.kinds.core import ConfigMap
from tulle.model.resources import Metadata
from tulle.store.contract import Delete

CONFIG = ConfigMap(metadata=Metadata(name="a", namespace="shop", uid="u", resource_version="7"))


def test_without_a_word_the_resources_finalizers_decide() -> None:
    assert deletion(DeleteOptions(), {}, []) == Deletion()
    assert Deletion().of(CONFIG) == Delete(CONFIG.key)


@pytest.mark.parametrize("propagation", Propagation)
def test_body_or_query_say_what_becomes_of_what_is_owned(propagation: Propagation) -> None:
    by_body = deletion(DeleteOptions(propagation_policy=propagation), {}, [])
    by_query = deletion(DeleteOptions(), {"propagationPolicy": propagation}, [])

    assert by_body.propagation is by_query.propagation is propagation


def test_the_old_way_to_say_it_is_understood() -> None:
    assert deletion(DeleteOptions(orphan_dependents=True), {}, []).propagation is Propagation.ORPHAN
    by_query = deletion(DeleteOptions(), {"orphanDependents": "false"}, [])
    assert by_query.propagation is Propagation.BACKGROUND


def test_a_dry_run_is_asked_for_by_either() -> None:
    assert deletion(DeleteOptions(dry_run=("All",)), {}, []).dry_run
    assert deletion(DeleteOptions(), {}, ["All"]).dry_run


def test_preconditions_become_expectations() -> None:
    asked = deletion(
        DeleteOptions(preconditions=Preconditions(uid="u", resource_version="7")), {}, []
    )

    assert asked.of(CONFIG) == Delete(CONFIG.key, "7", "u")


@pytest.mark.parametrize(
    "preconditions", [Preconditions(uid="other"), Preconditions(resource_version="6")]
)
def test_a_precondition_that_does_not_hold_is_a_conflict(preconditions: Preconditions) -> None:
    asked = deletion(DeleteOptions(preconditions=preconditions), {}, [])
    with pytest.raises(ApiError, match="Precondition failed") as caught:
        asked.of(CONFIG)
    assert caught.value.status == 409


@pytest.mark.parametrize(
    ("options", "query"),
    [
        (DeleteOptions(propagation_policy="x"), {}),
        (DeleteOptions(propagation_policy="Orphan", orphan_dependents=False), {}),
        (DeleteOptions(grace_period_seconds=-2), {}),
        (DeleteOptions(), {"gracePeriodSeconds": "soon"}),
        (DeleteOptions(), {"orphanDependents": "perhaps"}),
        (DeleteOptions(dry_run=("Some",)), {}),
    ],
)
def test_what_makes_no_sense_is_refused(options: DeleteOptions, query: dict[str, str]) -> None:
    with pytest.raises(ApiError):
        deletion(options, query, [])


def test_what_kubectl_sends_is_read() -> None:
    sent = {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "propagationPolicy": "Background",
        "gracePeriodSeconds": 0,
    }

    assert msgspec.convert(sent, DeleteOptions).grace_period_seconds == 0
