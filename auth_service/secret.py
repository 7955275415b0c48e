"""The secret of an installation that was given none: made once, and kept beside the accounts."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from servicekit.startup_errors import CannotStart, make_private_file

SECRET_LENGTH_MIN = 16


def load_or_make_secret(path: Path) -> str:
    """The secret in the file `path`, which is made, readable for its owner only, where it is missing.

    Raises CannotStart for a file that cannot be read, or holds less: who can guess the secret can sign.
    """
    try:
        if not path.exists():
            _make(path)
        make_private_file(path)
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise CannotStart(f"the secret in {path} cannot be used: {error.strerror}. Make it auth's own") from error
    except UnicodeDecodeError as error:
        raise CannotStart(f"the secret in {path} is no text. Restore it, or set SECRET_KEY") from error
    if len(secret) < SECRET_LENGTH_MIN:
        raise CannotStart(
            f"the secret in {path} has less than {SECRET_LENGTH_MIN} characters. Restore it, set SECRET_KEY, or "
            "remove the file: a new secret is made, and everybody signs in again"
        )
    return secret


def _make(path: Path) -> None:
    """Written elsewhere and then linked into place: never half there, and the first of two makers wins."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
