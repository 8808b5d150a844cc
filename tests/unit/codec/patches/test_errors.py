"""Why a patch is refused, for people and for HTTP."""

from tulle.codec.patches.errors import NotAResource, PatchError, PatchMisses, PatchTooLarge
from tulle.model.problems import Problem


def test_a_refusal_says_where_and_the_way_out() -> None:
    error = PatchError("[0].op", "must be one of add", "write one")

    assert str(error) == "[0].op: must be one of add [bad-patch]; write one"
    assert error.problem == Problem("[0].op", "bad-patch", "must be one of add", "write one")


def test_every_refusal_is_a_patch_error() -> None:
    problem = Problem("spec", "missing-field", "is required")
    broken = NotAResource([problem])

    assert broken.problems == (problem,)
    assert all(
        isinstance(one, PatchError) for one in (broken, PatchMisses("", ""), PatchTooLarge("", ""))
    )
    assert PatchMisses("", "").problem.code == "patch-misses"
