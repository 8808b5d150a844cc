import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.envoy.identities import now_s
from tests.unit.agent.control_plane import ControlPlane, control_plane

from tulle.agent.control.identity import IdentityKeeper
from tulle.agent.errors import AgentError
from tulle.agent.state import StateDir
from tulle.model.names import WorkloadRef
from tulle.pki.peers import peer_of
from tulle.settings import Address, AgentSettings


@pytest.fixture
async def plane(tmp_path):
    async with control_plane(tmp_path) as plane:
        yield plane


@pytest.fixture
def state(tmp_path):
    with StateDir(tmp_path / "state") as state:
        yield state


class Keeping:
    """A keeper, what it told, and a clock that can be wrong."""

    def __init__(self, plane: ControlPlane, state: StateDir, **more) -> None:
        self.off_s = 0.0
        self.notices: list[str] = []
        self.told = asyncio.Event()
        wanted = {
            "server": plane.join,
            "state_dir": state.path,
            "envoy": state.path,
            "namespace": "shop",
            "service_account": "web",
            **more,
        }
        self.keeper = IdentityKeeper(
            AgentSettings(**wanted), state, lambda: now_s() + self.off_s, self._tell
        )

    def _tell(self, notice) -> None:
        self.notices.append(notice.text)
        self.told.set()


async def test_a_token_gives_an_identity_that_names_the_workload(plane, state):
    keeping = Keeping(plane, state, token_file=plane.token())
    await keeping.keeper.obtain()
    identity = keeping.keeper.current

    peer = peer_of(identity.chain)
    assert peer.spiffe_id == "spiffe://mesh.local/ns/shop/sa/web"
    assert identity.workload == peer.workload == WorkloadRef("shop", "web-1")
    assert not keeping.keeper.from_disk
    assert keeping.notices == []


async def test_the_next_start_needs_no_token_and_no_control_plane(plane, state):
    first = Keeping(plane, state, token_file=plane.token())
    await first.keeper.obtain()
    await plane.stop()
    second = Keeping(plane, state, token_file=None)
    await second.keeper.obtain()

    assert second.keeper.from_disk
    assert second.keeper.current == first.keeper.current


async def test_a_spent_token_left_in_its_place_is_no_obstacle(plane, state):
    token = plane.token()
    await Keeping(plane, state, token_file=token).keeper.obtain()
    again = Keeping(plane, state, token_file=token)
    await again.keeper.obtain()

    assert again.keeper.from_disk


async def test_a_new_token_is_a_wish_to_join_anew(plane, state):
    await Keeping(plane, state, token_file=plane.token()).keeper.obtain()
    again = Keeping(plane, state, token_file=plane.token())
    await again.keeper.obtain()

    assert not again.keeper.from_disk
    assert len(plane.spent) == 2


async def test_an_identity_of_another_account_is_not_used(plane, state):
    await Keeping(plane, state, token_file=plane.token()).keeper.obtain()
    other = Keeping(plane, state, token_file=plane.token(), service_account="api")
    await other.keeper.obtain()

    assert not other.keeper.from_disk
    assert other.keeper.current.credentials.service_account == "api"


async def test_an_identity_with_other_labels_is_not_used(plane, state):
    token = plane.token()
    await Keeping(plane, state, token_file=token).keeper.obtain()

    with pytest.raises(AgentError) as caught:
        await Keeping(plane, state, token_file=token, labels={"version": "v2"}).keeper.obtain()

    assert caught.value.problem.code == "token-used"


class TestComingBack:
    async def left(self, plane, state, token) -> Keeping:
        """A workload that left, with what it was given for it."""
        keeping = Keeping(plane, state, token_file=token)
        await keeping.keeper.obtain()
        keeping.keeper.keep_return(plane.token().read_text())
        return keeping

    async def test_a_workload_that_left_joins_again_with_what_it_was_given(self, plane, state):
        token = plane.token()
        first = await self.left(plane, state, token)
        assert mode_of(state.path / "return.token") & 0o777 == 0o600
        again = Keeping(plane, state, token_file=token)
        await again.keeper.obtain()

        assert again.keeper.current.private_key != first.keeper.current.private_key
        assert again.keeper.current.workload == first.keeper.current.workload
        assert state.read("return.token") is None
        third = Keeping(plane, state, token_file=token)
        await third.keeper.obtain()
        assert third.keeper.current == again.keeper.current

    async def test_without_a_control_plane_it_is_kept_for_later(self, plane, state):
        token = plane.token()
        first = await self.left(plane, state, token)
        await plane.stop()
        again = Keeping(plane, state, token_file=token)
        await again.keeper.obtain()
        assert again.keeper.current == first.keeper.current
        assert again.keeper.from_disk

        await plane.start()
        assert await again.keeper.come_back()
        assert again.keeper.current != first.keeper.current

    async def test_one_that_is_refused_is_thrown_away(self, plane, state):
        token = plane.token()
        keeping = await self.left(plane, state, token)
        plane.spent.update(plane.made)
        assert not await keeping.keeper.come_back()
        assert state.read("return.token") is None

    async def test_who_never_left_has_nothing_to_come_back_with(self, plane, state):
        keeping = Keeping(plane, state, token_file=plane.token())
        await keeping.keeper.obtain()

        assert not await keeping.keeper.come_back()


async def test_the_key_is_for_its_owner_alone_and_shows_nowhere(plane, state):
    keeping = Keeping(plane, state, token_file=plane.token())
    await keeping.keeper.obtain()

    assert mode_of(state.path / "identity.json") & 0o777 == 0o600
    assert "PRIVATE" not in repr(keeping.keeper.current)


async def test_the_first_time_needs_a_token(plane, state):
    with pytest.raises(AgentError) as caught:
        await Keeping(plane, state).keeper.obtain()

    assert caught.value.problem.code == "token-missing"


async def test_a_token_file_that_is_not_there_is_named(plane, state, tmp_path):
    with pytest.raises(AgentError) as caught:
        await Keeping(plane, state, token_file=tmp_path / "none").keeper.obtain()

    assert caught.value.problem.code == "token-unreadable"
    assert str(tmp_path / "none") in caught.value.problem.message


async def test_a_damaged_token_is_named_with_its_file_but_not_shown(plane, state):
    token = plane.token()
    token.write_text(token.read_text()[:-9])

    with pytest.raises(AgentError) as caught:
        await Keeping(plane, state, token_file=token).keeper.obtain()

    assert caught.value.problem.code == "token-malformed"
    assert str(token) in str(caught.value)
    assert "tulle1." not in str(caught.value).replace("begins with tulle1.", "")


async def test_a_token_others_may_read_is_warned_of(plane, state):
    token = plane.token()
    token.chmod(0o644)
    keeping = Keeping(plane, state, token_file=token)
    await keeping.keeper.obtain()

    assert keeping.notices == [f"others may read the token in {token}; chmod 600 {token}"]


async def test_a_control_plane_that_is_away_is_waited_for(plane, state):
    keeping = Keeping(plane, state, token_file=plane.token())
    await plane.stop()
    async with asyncio.TaskGroup() as group:
        obtaining = group.create_task(keeping.keeper.obtain())
        await keeping.told.wait()
        assert f"waiting for the control plane at {plane.join}" in keeping.notices[0]
        await plane.start()
        await obtaining

    assert keeping.keeper.current.workload.name == "web-1"


@pytest.mark.parametrize(("off_s", "word"), [(-7200.0, "behind"), (7200.0, "ahead of")])
async def test_a_clock_that_is_off_is_an_error_that_says_how_far(plane, state, off_s, word):
    keeping = Keeping(plane, state, token_file=plane.token())
    keeping.off_s = off_s

    with pytest.raises(AgentError) as caught:
        await keeping.keeper.obtain()

    assert caught.value.problem.code == "clock-skew"
    assert word in caught.value.problem.message
    assert re.search(r"\b(7199|7200|7201) s", caught.value.problem.message)


async def test_a_clock_that_is_off_a_little_is_a_warning(plane, state):
    keeping = Keeping(plane, state, token_file=plane.token())
    keeping.off_s = 45.0
    await keeping.keeper.obtain()

    assert len(keeping.notices) == 1
    assert "clock" in keeping.notices[0]


async def test_an_expired_identity_with_a_spent_token_says_what_to_do(plane, state):
    token = plane.token()
    await Keeping(plane, state, token_file=token).keeper.obtain()
    later = Keeping(plane, state, token_file=token)
    later.off_s = 4000.0

    with pytest.raises(AgentError) as caught:
        await later.keeper.obtain()

    assert caught.value.problem.code == "identity-expired"
    assert "shop/web-1" in caught.value.problem.message
    assert "tulle token create" in caught.value.problem.hint


async def test_an_expired_identity_without_a_token_says_what_to_do(plane, state):
    await Keeping(plane, state, token_file=plane.token()).keeper.obtain()
    later = Keeping(plane, state)
    later.off_s = 4000.0

    with pytest.raises(AgentError) as caught:
        await later.keeper.obtain()

    assert caught.value.problem.code == "identity-expired"


def mode_of(path: Path) -> int:
    return path.stat().st_mode


class TestRenewal:
    async def test_it_is_due_at_half_of_its_life_with_luck_around_it(self, plane, state):
        keeping = Keeping(plane, state, token_file=plane.token())
        await keeping.keeper.obtain()
        identity = keeping.keeper.current
        life = identity.credentials.not_after - identity.obtained_at

        assert identity.renew_at(0.0) == pytest.approx(identity.obtained_at + 0.45 * life)
        assert identity.renew_at(1.0) == pytest.approx(identity.obtained_at + 0.55 * life)
        assert 3590 < life <= 3600  # though the certificate began a minute before it was made

    async def test_a_new_key_replaces_the_old_one_here_and_on_disk(self, plane, state):
        plane.lifetime_s = 2.0
        keeping = Keeping(plane, state, token_file=plane.token())
        await keeping.keeper.obtain()
        old = keeping.keeper.current
        renewed = await first_renewal(keeping)

        assert renewed.private_key != old.private_key
        assert renewed.credentials.not_after >= old.credentials.not_after
        again = Keeping(plane, state)
        await again.keeper.obtain()
        assert again.keeper.current == renewed

    async def test_a_clock_that_is_set_back_does_not_put_it_off(self, plane, state):
        plane.lifetime_s = 2.0
        keeping = Keeping(plane, state, token_file=plane.token())
        await keeping.keeper.obtain()
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            renewing = group.create_task(first_renewal(keeping))
            await asyncio.sleep(0.1)  # it has begun to wait
            keeping.off_s = -50.0
            await renewing

    async def test_a_control_plane_that_is_away_is_asked_until_it_is_back(self, plane, state):
        plane.lifetime_s = 3.0
        keeping = Keeping(plane, state, token_file=plane.token())
        await keeping.keeper.obtain()
        await plane.stop()
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(first_renewal(keeping))
            await keeping.told.wait()
            await plane.start()
            await renewing

        assert keeping.notices == ["cannot renew the certificate: connection refused; trying again"]

    async def test_one_that_expired_meanwhile_is_saved_by_a_new_token(self, plane, state):
        plane.lifetime_s = 1.0
        token = plane.token()
        keeping = Keeping(plane, state, token_file=token)
        await keeping.keeper.obtain()
        await plane.stop()
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(first_renewal(keeping))
            while not any("identity-expired" in notice for notice in keeping.notices):
                keeping.told.clear()
                keeping.off_s += 61.0  # notices come once a minute
                await keeping.told.wait()
            keeping.off_s = 0.0
            plane.lifetime_s = 3600.0
            await plane.start()
            token.write_text(plane.token().read_text())
            renewed = await renewing

        assert not renewed.is_expired(now_s())


async def test_a_wildcard_address_means_the_host_that_was_joined(plane, state):
    keeping = Keeping(plane, state, token_file=plane.token())
    plane.xds = replace(plane.xds, host="0.0.0.0")
    await keeping.keeper.obtain()

    assert keeping.keeper.xds_address == str(Address("127.0.0.1", plane.xds.port))


async def first_renewal(keeping: Keeping):
    """Keep fresh until it happened once."""
    renewed = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(
            keeping.keeper.keep_fresh(
                lambda identity: renewed.done() or renewed.set_result(identity)
            )
        )
        result = await renewed
        task.cancel()
    return result
