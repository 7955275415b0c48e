"""Conversations: their names, in the store and from each reader's side."""


def direct_name(one: str, other: str) -> str:
    """The stored name of the 1:1 conversation of two people, whoever asks."""
    return "|".join(sorted((one, other)))


def label_of_person(username: str) -> str:
    """How a 1:1 conversation is called by the other one in it."""
    return f"@{username}"
