from tests.hosts import NAMESPACES, network

from tulle.agent.capture.whispers import whisper
from tulle.agent.programs.children import Inside

COUNTING = """
table inet heard {
  chain out {
    type filter hook output priority 0; policy accept;
    udp dport 9 counter
  }
}
"""


async def test_a_whisper_is_heard_where_it_is_sent_and_nowhere_else() -> None:
    with network("vm", "other") as net:
        for name in ("vm", "other"):
            net[name].run("nft", "-f", "-", input=COUNTING)

        await whisper(Inside(netns=NAMESPACES / net["vm"].namespace))

        heard = {name: net[name].run("nft", "list", "ruleset").stdout for name in ("vm", "other")}
    assert "packets 1 " in heard["vm"]
    assert "packets 0 " in heard["other"]


async def test_where_nothing_can_be_said_nothing_fails() -> None:
    with network("vm") as net:
        net["vm"].run("ip", "link", "set", "lo", "down")

        await whisper(Inside(netns=NAMESPACES / net["vm"].namespace))
