"""httpbin as it is, and one page that counts visits in Redis and PostgreSQL by the tools everybody has.

`gunicorn visits:app`. It knows nothing of any mesh: `redis.test` and `postgres.test` are ordinary names.
"""

import subprocess
from collections.abc import Callable, Iterable
from typing import Any

from httpbin import app as httpbin

REDIS = ("redis-cli", "-h", "redis.test")
POSTGRES = ("psql", "-h", "postgres.test", "-U", "postgres", "-AtqX", "-v", "ON_ERROR_STOP=1")


def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] != "/visits":
        return httpbin(environ, start)
    who = environ["QUERY_STRING"].partition("=")[2]
    count = _say(*REDIS, "incr", f"visits:{who}")
    names = _say(*POSTGRES, "-c", f"insert into visits values ('{who}') returning who")
    start("200 OK", [("content-type", "text/plain")])
    return [f"{count} {names}\n".encode()]


def _say(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    return (done.stdout or done.stderr).strip()
