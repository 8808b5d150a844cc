import pytest
from tests.golden.capture.plans import HOME, PLANS
from tests.hosts import NAMESPACES, network

from tulle.agent.capture import cgroups, nft
from tulle.agent.errors import AgentError
from tulle.capture.rulesets import removal, ruleset

NAME = "tulle_0123456789ab"


async def test_every_golden_is_taken_by_nft_twice_over_and_removed_without_a_trace() -> None:
    mine = cgroups.of_workload(NAME)
    with network("vm") as net:
        netns = NAMESPACES / net["vm"].namespace
        mine.make()
        home = str(mine.tree.relative_to(cgroups.FOLDER))
        for name, plan in PLANS.items():
            text = ruleset(plan).replace(f"{HOME}/", f"{home}/" if home != "." else "")
            await nft.load(text, netns)
            await nft.load(text, netns)

            assert [table.name for table in await nft.tables(netns)] == [NAME], name
            await nft.load(removal(NAME), netns)
            await nft.load(removal(NAME), netns)
            assert await nft.tables(netns) == ()
            assert net["vm"].run("nft", "list", "ruleset").stdout == ""
        await mine.remove()


async def test_what_nft_refuses_is_told_in_its_words_and_nothing_has_happened() -> None:
    with network("vm") as net:
        netns = NAMESPACES / net["vm"].namespace
        with pytest.raises(AgentError, match="nft-failed") as caught:
            await nft.load("add table inet fine\nnonsense\n", netns)

        assert "nonsense" in str(caught.value)
        assert net["vm"].run("nft", "list", "tables").stdout == ""


async def test_a_namespace_that_is_gone_is_an_error() -> None:
    with network("vm") as net:
        gone = NAMESPACES / net["vm"].namespace
    with pytest.raises(AgentError, match="nft-failed"):
        await nft.load("", gone)


def test_without_nft_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(nft, "_MORE_PLACES", "/nowhere")

    with pytest.raises(AgentError, match="nft-missing"):
        nft.find()
