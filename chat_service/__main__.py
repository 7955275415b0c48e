"""Run the chat service: `python -m chat_service`."""

import os
import sys

from chat_service.admin import restored_command
from chat_service.app import MIGRATIONS, create_app
from chat_service.settings import ChatSettings
from chat_service.websocket.chat_socket import ChatSocket
from servicekit.commands import run_command
from servicekit.server import serve
from servicekit.settings import addresses, load_or_exit


def main() -> None:
    settings = load_or_exit(ChatSettings, os.environ)
    if arguments := sys.argv[1:]:
        where = settings.store_of("chat", "chat.db")
        lists = ("profiles", "removals", "orders")
        further = {"restored": restored_command(where)}
        run_command(arguments, program="chat_service", where=where, migrations=MIGRATIONS, lists=lists, further=further)
        return
    ((_, port),) = addresses(settings.chat_url)
    serve("chat", create_app(settings), settings, port=port, websocket_protocol=ChatSocket)


if __name__ == "__main__":
    main()
