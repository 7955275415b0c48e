"""Conversations: their names in the store, and how each reader calls them.

The 1:1 conversation of Ada and Grace is `ada|grace` in the store, `@grace` to Ada and `@ada` to Grace. A room is
`#lobby` everywhere.
"""

ROOM_MARK = "#"
_BETWEEN = "|"


def direct_name(one: str, other: str) -> str:
    """The stored name of the 1:1 conversation of two people, whoever asks."""
    return _BETWEEN.join(sorted((one, other)))


def room_label(room: str) -> str:
    return ROOM_MARK + room


def is_room(name: str) -> bool:
    return name.startswith(ROOM_MARK)


def people_in(name: str) -> tuple[str, str]:
    """The two people of a 1:1 conversation."""
    one, _, other = name.partition(_BETWEEN)
    return one, other


def label_of_person(username: str) -> str:
    """How a 1:1 conversation is called by the other one in it."""
    return f"@{username}"


def label_for(username: str, name: str) -> str:
    """How the conversation `name` is called by `username`, who is in it."""
    if is_room(name):
        return name
    return label_of_person(other_than(username, name))


def other_than(username: str, name: str) -> str:
    """The other one in a 1:1 conversation of `username`."""
    one, other = people_in(name)
    return other if username == one else one
