"""Columns of what runs; what they show is told by test_columns."""

import msgspec

from tulle.codec.columns.workloads import WORKLOADS
from tulle.model.kinds.workload import ProxyStatus, Workload, WorkloadSpec, WorkloadStatus
from tulle.model.resources import Metadata


def test_a_workload_whose_agent_has_not_reported_has_no_proxy() -> None:
    silent = Workload(metadata=Metadata(name="a"), spec=WorkloadSpec(address="10.0.0.1"))
    status = WorkloadStatus(proxy=ProxyStatus(mtls_port=15009, version="1.40"))
    told = msgspec.structs.replace(silent, status=status)

    wide = WORKLOADS[Workload][4:7]
    assert [c.cell(silent) for c in wide] == ["-", "-", "-"]
    assert [c.cell(told) for c in wide] == ["15009", "1.40", "none"]
