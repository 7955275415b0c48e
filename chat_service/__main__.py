"""Run the chat service: `python -m chat_service`."""

import os

from chat_service.app import create_app
from chat_service.settings import ChatSettings
from chat_service.websocket import ChatSocket
from servicekit.server import serve
from servicekit.settings import addresses, load_or_exit


def main() -> None:
    settings = load_or_exit(ChatSettings, os.environ)
    ((_, port),) = addresses(settings.chat_url)
    serve("chat", create_app(settings), settings, port=port, websocket_protocol=ChatSocket)


if __name__ == "__main__":
    main()
