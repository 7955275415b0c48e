"""Run the video service: `python -m video_service`."""

import os
import sys

from servicekit.commands import run_command
from servicekit.server import serve
from servicekit.settings import addresses, load_or_exit
from video_service.app import MIGRATIONS, create_app
from video_service.settings import VideoSettings
from video_service.websocket import VideoSocket


def main() -> None:
    settings = load_or_exit(VideoSettings, os.environ)
    if arguments := sys.argv[1:]:
        where = settings.store_of("video", "streams.db")
        lists = ("profiles",)
        run_command(arguments, program="video_service", where=where, migrations=MIGRATIONS, lists=lists)
        return
    [(_, port)] = addresses(settings.video_url)
    serve("video", create_app(settings), settings, port=port, websocket_protocol=VideoSocket)


if __name__ == "__main__":
    main()
