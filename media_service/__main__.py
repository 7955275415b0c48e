import os
import sys

from media_service.app import MIGRATIONS, create_app, store_path
from media_service.settings import MediaSettings
from servicekit.accept_command import accept
from servicekit.server import serve
from servicekit.settings import addresses, load_or_exit


def main() -> None:
    settings = load_or_exit(MediaSettings, os.environ)
    if arguments := sys.argv[1:]:
        accept(
            arguments,
            program="media_service",
            path=store_path(settings),
            migrations=MIGRATIONS,
            lists=("profiles", "releases"),
        )
        return
    [(_, port)] = addresses(settings.media_url)
    serve("media", create_app(settings), settings, port=port)


if __name__ == "__main__":
    main()
