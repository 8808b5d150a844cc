"""A record becomes one line, with its fields and without secrets."""

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.model.kinds.core import Secret
from tulle.model.names import WorkloadRef
from tulle.model.resources import Metadata
from tulle.ops import logs
from tulle.pki.authorities import new_root
from tulle.store.contract import Put

KEY_PEM = new_root("mesh.local", 1_800_000_000.0).to_pem().decode()
TOKEN = "tulle1.eyJpZCI6ImFiYyIsInNlY3JldCI6Ij_-"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("tulle")
    before = list(root.handlers), root.level, ours.level
    yield
    root.handlers[:], root.level, ours.level = before
    logging.captureWarnings(False)


def record(message: str = "proxy refused config", **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("tulle.serve.ads", logging.WARNING, "x.py", 1, message, None, None)
    made.created = 1_800_000_000.25
    made.msecs = 250.0
    vars(made).update(fields)
    return made


def as_json(record: logging.LogRecord) -> dict[str, object]:
    line = logs.JsonLines().format(record)
    assert "\n" not in line
    decoded: dict[str, object] = json.loads(line)
    return decoded


def as_text(record: logging.LogRecord) -> str:
    return logs.Lines(colored=False).format(record)


FORMS: list[Callable[[logging.LogRecord], str]] = [as_text, lambda r: json.dumps(as_json(r))]
forms = pytest.mark.parametrize("form", FORMS, ids=["human", "json"])


def test_json_has_time_level_logger_message_and_fields() -> None:
    assert as_json(record(proxy=WorkloadRef("shop", "web"), tries=3, took_s=0.5, ok=True)) == {
        "time": "2027-01-15T08:00:00.250Z",
        "level": "warning",
        "logger": "tulle.serve.ads",
        "message": "proxy refused config",
        "proxy": "shop/web",
        "tries": 3,
        "took_s": 0.5,
        "ok": True,
    }


def test_text_is_one_line_a_person_can_read() -> None:
    line = as_text(record(proxy="shop/web", detail='two "words"', empty=""))

    assert line.endswith(
        ' warning proxy refused config proxy=shop/web detail="two \\"words\\"" empty="" (serve.ads)'
    )


def test_a_field_cannot_hide_what_every_line_has() -> None:
    line = as_json(record(time="never", logger="mine"))

    assert line["time"] == "2027-01-15T08:00:00.250Z"
    assert line["time_"] == "never"
    assert line["logger_"] == "mine"


def test_numbers_json_has_not_become_text() -> None:
    assert as_json(record(a=float("nan"), b=float("inf")))["b"] == "inf"


def test_lists_stay_lists() -> None:
    line = as_json(record(pending=(WorkloadRef("shop", "web"), 2)))

    assert line["pending"] == ["shop/web", 2]


def test_an_exception_is_shown_with_its_traceback() -> None:
    failed = record()
    try:
        _ = 1 // 0
    except ZeroDivisionError as error:
        failed.exc_info = (type(error), error, error.__traceback__)

    assert "ZeroDivisionError" in str(as_json(failed)["error"])
    assert "\n    Traceback" in as_text(failed)


@forms
@pytest.mark.parametrize(
    "fields",
    [
        {"token": "hunter2"},
        {"join_token": "hunter2"},
        {"client_secret": "hunter2"},
        {"authorization": "hunter2"},
        {"private_key": "hunter2"},
        {"body": b"hunter2"},
        {"header": "authorization: Bearer hunter2"},
        {"text": f"the token is {TOKEN.replace('eyJ', 'hunter2')}"},
        {"resource": Secret(metadata=Metadata(name="s"), data={"k": "hunter2"})},
        {"change": Put(Secret(metadata=Metadata(name="s"), string_data={"k": "hunter2"}))},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_secrets_are_never_written(
    form: Callable[[logging.LogRecord], str], fields: Mapping[str, object]
) -> None:
    made = record()
    vars(made).update(fields)

    assert "hunter2" not in form(made)


@forms
def test_a_private_key_is_blotted_out_wherever_it_turns_up(
    form: Callable[[logging.LogRecord], str],
) -> None:
    body = KEY_PEM.splitlines()[1]
    failed = record(f"message with {KEY_PEM}", detail=f"x {KEY_PEM} y", cut=KEY_PEM[:90])
    error = ValueError(KEY_PEM)
    failed.exc_info = (ValueError, error, None)

    assert body[:20] not in form(failed)
    assert logs.REDACTED in form(failed)


def test_harmless_fields_are_shown() -> None:
    line = as_json(record(token_id="abc", key="Service shop/web", tokens_left="2"))

    assert (line["token_id"], line["key"], line["tokens_left"]) == ("abc", "Service shop/web", "2")


def test_a_long_value_is_cut() -> None:
    assert len(str(as_json(record(detail="x" * 100_000))["detail"])) == 2001


@given(st.text(), st.text())
def test_no_text_breaks_a_line_or_paints_a_terminal(message: str, value: str) -> None:
    made = record()
    made.msg = message
    vars(made)["detail"] = value

    line = as_text(made)
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert as_json(made)["logger"] == "tulle.serve.ads"


@pytest.mark.parametrize(
    ("stream", "environment", "colored"),
    [
        (Terminal, {}, True),
        (Terminal, {"NO_COLOR": "1"}, False),
        (Terminal, {"TERM": "dumb"}, False),
        (io.StringIO, {}, False),
    ],
)
def test_colours_are_for_people_who_want_them(
    stream: type[io.StringIO], environment: dict[str, str], colored: bool
) -> None:
    out = stream()
    logs.setup("info", "human", out, environment)

    logging.getLogger("tulle.x").info("hello")

    assert ("\x1b[" in out.getvalue()) is colored
    assert "hello" in out.getvalue()


def test_the_level_is_for_us_and_libraries_only_warn() -> None:
    out = io.StringIO()
    logs.setup("debug", "json", out, {})

    logging.getLogger("tulle.x").debug("ours")
    logging.getLogger("library").info("chatter")
    logging.getLogger("library").warning("alarm")

    messages = [json.loads(line)["message"] for line in out.getvalue().splitlines()]
    assert messages == ["ours", "alarm"]


def test_setting_up_again_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    logs.setup("info", "human", first, {})
    logs.setup("info", "human", second, {})

    logging.getLogger("tulle.x").info("hello")

    assert first.getvalue() == ""
    assert second.getvalue().count("hello") == 1


def test_warnings_of_python_are_logged() -> None:
    out = io.StringIO()
    logs.setup("info", "json", out, {})

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old news", stacklevel=1)

    assert "old news" in out.getvalue()
