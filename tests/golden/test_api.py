"""What clients are told of the API: groups, resources, verbs, columns. A change here is one they notice."""

import os
from pathlib import Path

import pytest
import yaml
from tests.unit.api.servers import now, serving

from tulle.api.app import make_routes
from tulle.api.kube.discovery.documents import Catalogue, catalogue_of
from tulle.api.kube.discovery.reviews import REVIEWS
from tulle.api.kube.discovery.verbs import verbs_of_all
from tulle.api.kube.reading.tables import definitions
from tulle.model.kinds import ALL
from tulle.store.memory import MemoryStore

FOLDER = Path(__file__).parent / "api"


def check(name: str, told: object) -> None:
    path = FOLDER / name
    text = yaml.safe_dump(told, sort_keys=False, width=120)
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert path.read_text() == text, "run `make golden`, and read the diff"


@pytest.fixture
async def catalogue(tmp_path: Path) -> Catalogue:
    async with serving(MemoryStore(now), tmp_path) as api:
        routes = [(route.method, route.path) for route in make_routes(api.sources)]
    return catalogue_of(verbs_of_all(routes), REVIEWS)


def test_resources_and_what_can_be_done_with_them(catalogue: Catalogue) -> None:
    told = {
        str(where): {
            entry.plural: {
                "kind": entry.kind,
                "scope": "Namespaced" if entry.namespaced else "Cluster",
                "short": list(entry.short),
                "categories": list(entry.categories),
                "verbs": " ".join(entry.verbs),
                "below": {name: " ".join(v) for name, v in (entry.subresources or {}).items()},
            }
            for entry in entries
        }
        for where, entries in catalogue.items()
    }

    check("resources.yaml", told)


def test_columns_of_tables() -> None:
    told = {
        kind.KIND: {
            str(column["name"]) + (" (wide)" if column["priority"] else ""): column["description"]
            for column in definitions(kind)
        }
        for kind in ALL
    }

    check("columns.yaml", told)
