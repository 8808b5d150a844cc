"""What lists answer when their revision is not to be had: what Kubernetes' clients look for."""

from tulle.api.kube.reading.pages import LATEST, cursor_of
from tulle.api.kube.reading.refusals import PageForgotten, RevisionForgotten, RevisionTooNew


def test_a_revision_that_has_not_been_says_so_in_its_cause() -> None:
    status = RevisionTooNew(9, 5).to_status()

    assert (status.code, status.reason) == (504, "Timeout")
    assert status.details is not None
    assert status.details.causes[0].reason == "ResourceVersionTooLarge"
    assert status.details.retry_after_seconds == 1


def test_a_forgotten_one_has_expired() -> None:
    status = RevisionForgotten(3).to_status()

    assert (status.code, status.reason) == (410, "Expired")


def test_a_forgotten_page_comes_with_a_token_to_go_on_regardless() -> None:
    status = PageForgotten("shop/a").to_status()

    assert (status.code, status.reason) == (410, "Expired")
    cursor = cursor_of(status.metadata["continue"])
    assert (cursor.revision, cursor.start) == (LATEST, "shop/a")
