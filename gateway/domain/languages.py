"""Languages: which of those that there are a person gets."""

from collections.abc import Collection

SOURCE = "en"


def gettext_noop(text: str) -> str:
    """Marks a text for translation, which comes when somebody reads it."""
    return text


def choose(available: Collection[str], *, chosen: str | None, accepted: str) -> str:
    """The one `chosen` before, else the best of `Accept-Language` (RFC 9110 §12.5.4), else English."""
    if chosen in available:
        return str(chosen)
    for code in _by_preference(accepted):
        if code in available:
            return code
    return SOURCE


def _by_preference(accepted: str) -> list[str]:
    """The languages of the header, without their regions, the most wanted first; those of quality 0 are not wanted."""
    wanted: list[tuple[float, str]] = []
    for one in accepted.split(",")[:20]:
        tag, _, parameters = one.strip().partition(";")
        quality = _quality(parameters)
        if tag and quality > 0:
            wanted.append((quality, tag.partition("-")[0].lower()))
    return [code for _, code in sorted(wanted, key=lambda pair: -pair[0])]


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
