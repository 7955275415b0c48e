"""Where everybody's picture is, and what other hosts gave for one."""

from media_service.domain.files import RemotePicture, file_id_in
from servicekit.database import Connection, Database, hold

PROFILES = "list of profiles"  # held by who changes anybody's avatar


class AvatarStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def is_avatar(self, file_id: str) -> bool:
        """Whether its owner shows it to everybody."""
        return await self._database.read_few(is_avatar, file_id)

    async def find_avatar(self, username: str) -> str | None:
        """The address of a person's picture, their name being of any case."""
        return await self._database.read_few(_find_avatar, username)

    async def find_remote_picture(self, address: str) -> RemotePicture | None:
        return await self._database.read(_find_remote_picture, address)

    async def put_remote_picture(self, address: str, picture: RemotePicture) -> None:
        """Keep what an address gave, unless nobody shows it any more."""
        await self._database.write(_put_remote_picture, address, picture)


def is_avatar(connection: Connection, file_id: str) -> bool:
    """Only by its owner: who merely knows the address of a picture cannot make it public."""
    found = connection.execute(
        "SELECT 1 FROM avatars JOIN uploads ON owner = username WHERE file_id = ? AND id = file_id", (file_id,)
    )
    return found.fetchone() is not None


def _find_avatar(connection: Connection, username: str) -> str | None:
    row = connection.execute("SELECT address FROM avatars WHERE lower(username) = ?", (_lower(username),)).fetchone()
    return row[0] if row else None


def _lower(username: str) -> str:
    """As the index has it: only letters of ASCII."""
    return username.encode().lower().decode()


def put_avatar(connection: Connection, username: str, address: str | None) -> None:
    before = connection.execute("DELETE FROM avatars WHERE username = ? RETURNING address", (username,)).fetchall()
    if address:
        connection.execute(
            "INSERT INTO avatars (username, address, file_id) VALUES (?, ?, ?)",
            (username, address, file_id_in(address)),
        )
    for row in before:
        connection.execute(
            "DELETE FROM remote_pictures WHERE address = ? AND address NOT IN (SELECT address FROM avatars)",
            (row[0],),
        )


def _find_remote_picture(connection: Connection, address: str) -> RemotePicture | None:
    row = connection.execute("SELECT tried_at, data FROM remote_pictures WHERE address = ?", (address,)).fetchone()
    return RemotePicture(*row) if row else None


def _put_remote_picture(connection: Connection, address: str, picture: RemotePicture) -> None:
    hold(connection, PROFILES)  # or it may be kept although the address has just gone
    connection.execute(
        "INSERT INTO remote_pictures (address, tried_at, data)"
        " SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM avatars WHERE address = ?)"
        " ON CONFLICT (address) DO UPDATE SET tried_at = excluded.tried_at, data = excluded.data",
        (address, picture.tried_at, picture.data, address),
    )
