import os
import sys

from auth_service.admin import admin_command
from auth_service.app import MIGRATIONS, create_app
from auth_service.settings import AuthSettings
from servicekit.commands import run_command
from servicekit.server import serve
from servicekit.settings import addresses, load_or_exit


def main() -> None:
    settings = load_or_exit(AuthSettings, os.environ)
    if arguments := sys.argv[1:]:
        where = settings.store_of("auth", "users.db")
        further = {"admin": admin_command(settings)}
        run_command(
            arguments, program="auth_service", where=where, migrations=MIGRATIONS, lists=("acts",), further=further
        )
        return
    [(_, port)] = addresses(settings.auth_url)
    serve("auth", create_app(settings), settings, port=port)


if __name__ == "__main__":
    main()
