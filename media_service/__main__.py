import os
import sys

from media_service.app import MIGRATIONS, create_app
from media_service.settings import MediaSettings
from servicekit.commands import run_command
from servicekit.server import serve
from servicekit.settings import addresses, load_or_exit


def main() -> None:
    settings = load_or_exit(MediaSettings, os.environ)
    if arguments := sys.argv[1:]:
        where = settings.store_of("media", "files.db")
        lists = ("profiles", "releases", "orders")
        run_command(arguments, program="media_service", where=where, migrations=MIGRATIONS, lists=lists)
        return
    [(_, port)] = addresses(settings.media_url)
    serve("media", create_app(settings), settings, port=port)


if __name__ == "__main__":
    main()
