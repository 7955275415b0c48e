"""The commonest passwords, of which zxcvbn keeps a list: the first that anybody tries. The one home of zxcvbn."""

from functools import cache

COMMONEST_MAX = 1_000


def is_common(password: str) -> bool:
    """Whether it is, as it was typed, among the commonest."""
    return password in _commonest()


@cache
def _commonest() -> frozenset[str]:
    """Loaded when the first password is chosen: it takes the time and memory of all that the library has."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    return frozenset(FREQUENCY_LISTS["passwords"][:COMMONEST_MAX])
