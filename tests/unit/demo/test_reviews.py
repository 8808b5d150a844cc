"""The HTTP service in two versions."""

import pytest
from aiohttp.test_utils import TestClient, TestServer

from tulle.demo.reviews import application


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
async def test_every_answer_says_its_version(version: str) -> None:
    async with TestClient(TestServer(application(version))) as client:
        response = await client.get("/reviews")

        assert response.status == 200
        assert (await response.json())["version"] == version
