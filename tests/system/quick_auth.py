"""The auth service as it is, but for argon2 at its cheapest: what a hash costs is tested where hashes are."""

import os

from argon2 import PasswordHasher

from auth_service.app import create_app
from auth_service.settings import AuthSettings
from servicekit.server import serve
from servicekit.settings import addresses, load_or_exit

CHEAPEST = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def main() -> None:
    settings = load_or_exit(AuthSettings, os.environ)
    [(_, port)] = addresses(settings.auth_url)
    serve("auth", create_app(settings, hasher=CHEAPEST), settings, port=port)


if __name__ == "__main__":
    main()
