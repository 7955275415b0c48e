"""Run the video service: `python -m video_service`."""

import os
import sys

from servicekit.accept_command import accept
from servicekit.server import serve
from servicekit.settings import addresses, load_or_exit
from video_service.app import MIGRATIONS, create_app, store_path
from video_service.settings import VideoSettings
from video_service.websocket import VideoSocket


def main() -> None:
    settings = load_or_exit(VideoSettings, os.environ)
    if arguments := sys.argv[1:]:
        path = store_path(settings)
        accept(arguments, program="video_service", path=path, migrations=MIGRATIONS, lists=("profiles",))
        return
    [(_, port)] = addresses(settings.video_url)
    serve("video", create_app(settings), settings, port=port, websocket_protocol=VideoSocket)


if __name__ == "__main__":
    main()
