"""The file kubectl reads, as values."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.cli.access.kubeconfig import LISTS, NotAConfig, Reach, config_of, merged

REACH = Reach(
    tls_url="https://127.0.0.1:15013",
    server_name="control-plane.tulle",
    roots="PEM",
    token="secret",
)
names = st.lists(st.sampled_from("abcdef"), unique=True)


def config(*entries: str) -> dict[str, object]:
    return {"kind": "Config", **{field: [{"name": n} for n in entries] for field in LISTS}}


def test_it_trusts_the_meshs_roots_and_asks_for_the_control_planes_name() -> None:
    made = config_of(REACH, "tulle", "shop")

    assert made["clusters"] == [
        {
            "name": "tulle",
            "cluster": {
                "server": "https://127.0.0.1:15013",
                "tls-server-name": "control-plane.tulle",
                "certificate-authority-data": base64.b64encode(b"PEM").decode(),
            },
        }
    ]
    assert made["users"] == [{"name": "tulle", "user": {"token": "secret"}}]
    assert made["current-context"] == "tulle"


def test_the_token_is_not_shown() -> None:
    assert "secret" not in repr(REACH)


@given(names, names)
def test_what_is_of_others_stays_and_what_is_ours_is_there_once(
    old: list[str], new: list[str]
) -> None:
    ours = {**config(*new), "current-context": "x"}
    result = merged({**config(*old), "preferences": {"colors": True}}, ours)

    assert result["preferences"] == {"colors": True}
    assert result["current-context"] == "x"
    for field in LISTS:
        assert [e["name"] for e in result[field]] == [  # type: ignore[attr-defined]
            *(name for name in old if name not in new),
            *new,
        ]
    assert merged(result, ours) == result


def test_an_empty_file_becomes_ours() -> None:
    assert merged(None, config("a")) == config("a")


@pytest.mark.parametrize("old", [[], "text", {"kind": "Service"}, {"clusters": {"a": 1}}])
def test_what_is_no_kubeconfig_is_left_alone(old: object) -> None:
    with pytest.raises(NotAConfig):
        merged(old, config("a"))
