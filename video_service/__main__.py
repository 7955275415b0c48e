import os

from servicekit.server import serve
from servicekit.settings import addresses, load_or_exit
from video_service.app import create_app
from video_service.settings import VideoSettings


def main() -> None:
    settings = load_or_exit(VideoSettings, os.environ)
    [(_, port)] = addresses(settings.video_url)
    serve("video", create_app(settings), settings, port=port)


if __name__ == "__main__":
    main()
