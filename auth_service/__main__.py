import os

from auth_service.app import create_app
from auth_service.settings import AuthSettings
from servicekit.server import serve
from servicekit.settings import addresses, load_or_exit


def main() -> None:
    settings = load_or_exit(AuthSettings, os.environ)
    [(_, port)] = addresses(settings.auth_url)
    serve("auth", create_app(settings), settings, port=port)


if __name__ == "__main__":
    main()
