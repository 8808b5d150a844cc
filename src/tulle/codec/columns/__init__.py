"""What a table shows of each kind: the one definition behind `tulle get`, the API's Tables and CRDs.

Name, namespace and age are every kind's and not in here.
"""

from collections.abc import Mapping

from tulle.codec.columns.column import Cell, Column
from tulle.codec.columns.core import CORE
from tulle.codec.columns.policies import POLICIES
from tulle.codec.columns.routes import ROUTES
from tulle.codec.columns.workloads import WORKLOADS
from tulle.model.resources import Resource

_COLUMNS: Mapping[type[Resource], tuple[Column, ...]] = {**CORE, **POLICIES, **ROUTES, **WORKLOADS}


def columns_of(kind: type[Resource]) -> tuple[Column, ...]:
    """The columns of a kind, those for wide tables last."""
    return _COLUMNS.get(kind, ())


def cells_of(resource: Resource) -> tuple[Cell, ...]:
    """What stands in them for one resource."""
    return tuple(column.cell(resource) for column in columns_of(type(resource)))
