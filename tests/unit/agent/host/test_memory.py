import sys

import pytest

from tulle.agent.host.memory import private_bytes


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_process_knows_what_it_holds_alone():
    found = private_bytes()

    assert found
    assert 2**20 < found < 2**33
