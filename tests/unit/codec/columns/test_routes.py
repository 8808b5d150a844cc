"""Columns of routes; what they show is told by test_columns."""

from tulle.codec.columns.routes import ROUTES
from tulle.model.kinds.gateway_api import ParentRef, ParentStatus, RouteStatus
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.resources import Condition, Metadata


def test_of_several_parents_the_one_that_refuses_is_shown() -> None:
    parents = tuple(
        ParentStatus(
            parent_ref=ParentRef(name=name),
            controller_name="x",
            conditions=(Condition(type="Accepted", status=status, reason="Why"),),
        )
        for name, status in (("a", "True"), ("b", "False"))
    )
    route = HTTPRoute(metadata=Metadata(name="a"), status=RouteStatus(parents=parents))

    assert ROUTES[HTTPRoute][2].cell(route) == "False (Why)"
