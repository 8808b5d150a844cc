"""An HTTP service in two versions: `VERSION` says which one this is, and every answer says it too."""

import sys

from aiohttp import web

from tulle.demo.environment import listening_port, required

TEXTS = {
    "v1": "A slim volume about nets.",
    "v2": "A slim volume about nets, now with stars: *****",
}
GRACE_S = 2.0


def application(version: str) -> web.Application:
    """The service of one version."""

    async def reviews(request: web.Request) -> web.Response:
        text = TEXTS.get(version, f"Nobody has read {version} yet.")
        return web.json_response({"version": version, "text": text})

    app = web.Application()
    app.router.add_get("/reviews", reviews)
    return app


def main() -> None:
    """Run the service."""
    web.run_app(
        application(required("VERSION")),
        host="127.0.0.1",
        port=listening_port(sys.argv[1:]),
        shutdown_timeout=GRACE_S,
        access_log=None,
        print=None,
    )


if __name__ == "__main__":
    main()
