"""Names that people give beside usernames: nicknames of those they have saved, and topics of rooms."""

from servicekit.problems import FieldError, Invalid
from servicekit.texts import name_fault, trimmed


def optional_name(field: str, given: str) -> str:
    """The name, trimmed; empty where none was given. Raises Invalid, naming the field."""
    if not given.strip():
        return ""
    name = trimmed(given)
    if (fault := name_fault(name)) is not None:
        raise Invalid(FieldError(field, fault))
    return name
