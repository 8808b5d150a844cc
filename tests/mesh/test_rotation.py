"""Certificates of 20 seconds rotate under load for two minutes, and no request notices."""

import pytest
from tests.mesh.meshes import failures, load, wait_until
from tests.mesh.test_faults import Shop

pytestmark = pytest.mark.timeout(420)

SHORT_LIVED = """
apiVersion: tulle.dev/v1
kind: Mesh
metadata: {name: default}
spec: {certificates: {lifetime: 20s}}
"""


def test_nothing_is_lost_while_certificates_of_twenty_seconds_rotate_for_two_minutes(
    tmp_path: pytest.TempPathFactory,
) -> None:
    shop = Shop(tmp_path)  # type: ignore[arg-type]
    try:
        shop.mesh.start_server()
        shop.mesh.apply(SHORT_LIVED)
        shop.start_workloads()
        seen: set[str] = set()

        def renewals() -> int:
            proxies = shop.mesh.cli("proxy", "status", "-o", "json").stdout
            seen.add(proxies)
            return len(seen)

        with load(*shop.everything, "--minimum", "24000") as result:
            # 24,000 requests at 200 a second last two minutes; meanwhile certificates must really change.
            wait_until(lambda: renewals() > 5, "certificates are renewed", timeout_s=120)
        assert failures(result) == {}
    finally:
        shop.mesh.end()
