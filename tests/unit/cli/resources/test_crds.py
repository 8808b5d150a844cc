"""`tulle crds`: manifests a cluster can apply."""

import yaml
from click.testing import CliRunner

from tulle.cli.resources.crds import command
from tulle.codec.openapi.crds import own_kinds


def test_all_of_ours_are_printed_as_one_file() -> None:
    found = list(yaml.safe_load_all(CliRunner().invoke(command).stdout))

    assert [crd["spec"]["names"]["kind"] for crd in found] == [kind.KIND for kind in own_kinds()]
    assert {crd["kind"] for crd in found} == {"CustomResourceDefinition"}


def test_some_may_be_chosen_and_those_of_others_are_refused() -> None:
    (only,) = yaml.safe_load_all(CliRunner().invoke(command, ["wl"]).stdout)
    assert only["metadata"]["name"] == "workloads.tulle.dev"

    refused = CliRunner().invoke(command, ["service"])
    assert refused.exit_code == 2
    assert "defined by Kubernetes" in refused.output
