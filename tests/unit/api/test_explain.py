"""The question as it is asked; the answer is the graph's."""

import msgspec
import pytest

from tulle.api.explain import ExplainRequest


def test_a_question_has_a_caller_and_a_url_and_the_rest_by_default() -> None:
    asked = msgspec.json.decode(b'{"from":"shop/a","url":"http://b/"}', type=ExplainRequest)

    assert (asked.source, asked.method, asked.headers) == ("shop/a", "GET", ())


@pytest.mark.parametrize(
    "body",
    [
        b'{"url":"http://b/"}',
        b'{"from":"a","url":"http://b/","headers":[["one"]]}',
        b'{"from":"a","url":"' + b"x" * 20_000 + b'"}',
    ],
)
def test_a_question_without_bounds_or_sense_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        msgspec.json.decode(body, type=ExplainRequest)
