"""The media service as it is, but for hosts of this machine that it may ask: `TEST_HOSTS`, with blanks between."""

import os

from media_service.app import create_app
from media_service.settings import MediaSettings
from servicekit.server import serve
from servicekit.settings import addresses, load_or_exit


def main() -> None:
    settings = load_or_exit(MediaSettings, os.environ)
    [(_, port)] = addresses(settings.media_url)
    app = create_app(settings, allowed_hosts=os.environ.get("TEST_HOSTS", "").split())
    serve("media", app, settings, port=port)


if __name__ == "__main__":
    main()
