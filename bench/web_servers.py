"""The web servers beside Parley: nginx where it is installed, and uvicorn."""

import os
import shutil
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bench.baseline_service import ANSWER
from bench.processes import Server, free_port, running

# One process, no master: its id is the one to pin and to ask for processor time. The temporary paths make it
# run for a user who may not write to nginx's own folders.
NGINX_CONFIGURATION = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; default_type application/json;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {blocks}
}}
"""

ANSWERING = "server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{answer}'; }} }}"

FORWARDING = """
upstream behind {{ server 127.0.0.1:{upstream_port}; keepalive 64; keepalive_requests 1000000000; }}
server {{
  listen 127.0.0.1:{port};
  location / {{ proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; }}
}}
"""


SERVING = """
types {{ image/webp webp; }}
server {{ listen 127.0.0.1:{port}; location / {{ root {files}; }} }}
"""


def find_nginx() -> str | None:
    # Debian installs it where only root's search path leads.
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")


def answering_nginx(nginx: str, folder: Path, *, core: int) -> AbstractAsyncContextManager[Server]:
    port = free_port()
    return _nginx(nginx, folder, ANSWERING.format(port=port, answer=ANSWER.decode()), port=port, core=core)


def serving_nginx(nginx: str, folder: Path, *, files: Path) -> AbstractAsyncContextManager[Server]:
    port = free_port()
    return _nginx(nginx, folder, SERVING.format(port=port, files=files), port=port, core=None)


def forwarding_nginx(nginx: str, folder: Path, *, upstream_port: int, core: int) -> AbstractAsyncContextManager[Server]:
    port = free_port()
    blocks = FORWARDING.format(port=port, upstream_port=upstream_port)
    return _nginx(nginx, folder, blocks, port=port, core=core)


def uvicorn(application: str, folder: Path, *, core: int | None = None) -> AbstractAsyncContextManager[Server]:
    """One uvicorn process as fast as its settings go: uvloop, httptools, no access log, no compression."""
    port = free_port()
    options = "--loop uvloop --http httptools --ws websockets-sansio --ws-per-message-deflate false"
    quiet = "--lifespan off --log-level warning --no-access-log"
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        application,
        "--port",
        str(port),
        *options.split(),
        *quiet.split(),
    ]
    return running(command, port=port, core=core, folder=folder)


def _nginx(
    nginx: str, folder: Path, blocks: str, *, port: int, core: int | None
) -> AbstractAsyncContextManager[Server]:
    folder.mkdir()
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX_CONFIGURATION.format(folder=folder, blocks=blocks))
    command = [nginx, "-p", str(folder), "-c", str(configuration)]
    return running(command, port=port, core=core, folder=folder)
