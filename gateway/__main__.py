"""Run the gateway: `python -m gateway`."""

import argparse
import os

from gateway.app import create_app
from gateway.protocol import GatewayProtocol
from gateway.settings import GatewaySettings
from gateway.tunnel import Tunnel
from servicekit.server import serve
from servicekit.settings import load_or_exit


def main() -> None:
    argparse.ArgumentParser(prog="python -m gateway", description="Runs until SIGTERM.").parse_args()
    settings = load_or_exit(GatewaySettings, os.environ)
    serve(
        "gateway",
        create_app(settings),
        settings,
        port=settings.port,
        http_protocol=GatewayProtocol,
        websocket_protocol=Tunnel,
        is_behind_gateway=False,
    )


if __name__ == "__main__":
    main()
