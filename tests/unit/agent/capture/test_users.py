import pytest

from tulle.agent.capture.users import excluding
from tulle.agent.errors import AgentError
from tulle.capture.plans import Exclusions
from tulle.capture.wishes import Wish


def test_users_and_groups_are_known_by_name_and_by_number_each_once() -> None:
    wish = Wish(
        exclusions=Exclusions(outbound_ports=(25,)), users=("root", "12", "0"), groups=("root",)
    )

    assert excluding(wish) == Exclusions(outbound_ports=(25,), users=(0, 12), groups=(0,))


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish(users=("nobody-of-that-name",)), "user-unknown"),
        (Wish(groups=("nobody-of-that-name",)), "group-unknown"),
    ],
)
def test_a_name_this_host_does_not_know_is_an_error(wish: Wish, code: str) -> None:
    with pytest.raises(AgentError, match=code):
        excluding(wish)
