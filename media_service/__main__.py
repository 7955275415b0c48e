import os

from media_service.app import create_app
from media_service.settings import MediaSettings
from servicekit.server import serve
from servicekit.settings import addresses, load_or_exit


def main() -> None:
    settings = load_or_exit(MediaSettings, os.environ)
    [(_, port)] = addresses(settings.media_url)
    serve("media", create_app(settings), settings, port=port)


if __name__ == "__main__":
    main()
