"""Links: addresses that let in whoever has them, and the codes in them, each of 128 bits."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

_CLAIM_PURPOSE = b"parley claim link"
_CODE_BYTES = 16


class Links:
    """The claim link's code follows from the secret and a generation: it is the same on each instance and start."""

    def __init__(self, *, secret: str, public_url: str, new_code: Callable[[], str]) -> None:
        self._claim_key = hmac.digest(secret.encode(), _CLAIM_PURPOSE, "sha256")
        self._public_url = public_url.rstrip("/")
        self.new_code = new_code

    def claim_code(self, generation: int) -> str:
        digest = hmac.digest(self._claim_key, str(generation).encode(), "sha256")[:_CODE_BYTES]
        return urlsafe_b64encode(digest).decode().rstrip("=")

    def is_claim_code(self, code: str, generation: int) -> bool:
        """Whoever tries learns nothing from the time that it takes."""
        return hmac.compare_digest(code.encode(errors="replace"), self.claim_code(generation).encode())

    def claim_url(self, generation: int) -> str:
        return f"{self._public_url}/claim/{self.claim_code(generation)}"

    def invitation_url(self, code: str) -> str:
        return f"{self._public_url}/invite/{quote(code, safe='')}"

    def reset_url(self, code: str) -> str:
        return f"{self._public_url}/reset/{code}"


def hash_of(code: str) -> str:
    """What is kept of a code that is never shown again. Nobody guesses one, so it needs no salt and no time."""
    return hashlib.sha256(code.encode(errors="replace")).hexdigest()
