"""Columns of Kubernetes' own kinds; what they show is told by test_columns."""

from tulle.codec.columns.core import CORE
from tulle.model.kinds.service import Service, ServiceSpec, ServiceStatus
from tulle.model.resources import Metadata


def test_a_service_shows_its_fixed_address_before_the_one_the_mesh_gave_it() -> None:
    status = ServiceStatus(virtual_addresses=("240.0.0.1", "fd74::1"))
    given = Service(metadata=Metadata(name="a"), status=status)
    fixed = Service(
        metadata=Metadata(name="a"), spec=ServiceSpec(cluster_ip="10.0.0.1"), status=status
    )

    address = CORE[Service][1]
    assert (address.cell(given), address.cell(fixed)) == ("240.0.0.1", "10.0.0.1")
