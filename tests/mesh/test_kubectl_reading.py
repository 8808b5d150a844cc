"""What a real, current kubectl reads from a Tulle server with no Kubernetes behind it."""

import pytest
from tests.mesh.kubectl import Kubectl, serving

pytestmark = pytest.mark.timeout(120)
kubectl = pytest.fixture(scope="module")(serving)


def test_it_gets_in_with_what_tulle_kubeconfig_wrote(kubectl: Kubectl) -> None:
    assert kubectl("get", "--raw", "/healthz") == "ok\n"
    assert "bearer token" in kubectl.refused("get", "--raw", "/healthz", "--token", "wrong")
