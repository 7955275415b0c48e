"""What a search query asks for beside its words, in SQL that both engines share."""

from collections.abc import Collection
from typing import NamedTuple

from chat_service.domain.search_query import SearchQuery
from servicekit.database import Connection

# As it stands in the JSON of `attachments`, and cannot in a value there, where a quote is escaped.
_OF_KIND, _OF_ANY_KIND = '%"kind":"{}"%', '%"kind":%'
_DAY = "substr(timestamp, 1, 10)"
LINK_PART = "://"  # a word for the index, so that not every message is looked at for links
_LINK = "(lower(message) LIKE ? OR lower(message) LIKE ?)"
_LINKS = ("%http://_%", "%https://_%")


class Conditions(NamedTuple):
    """Of messages: `?` stands for the parameters, in that order.

    `conversation_id` is the only conversation that they may be of; without it they are of any that the person is in and
    that `memberships` names.
    """

    conversation_id: int | None
    memberships: str
    memberships_parameters: list[str]
    messages: str
    messages_parameters: list[str]

    @property
    def conversation(self) -> str:
        """The condition for the conversation, behind the name of its column."""
        if self.conversation_id is not None:
            return "= ?"
        return f"IN (SELECT conversation_id FROM memberships WHERE {self.memberships})"

    @property
    def parameters(self) -> list[str | int]:
        """Of the conversation, then of the message."""
        if self.conversation_id is not None:
            return [self.conversation_id, *self.messages_parameters]
        return [*self.memberships_parameters, *self.messages_parameters]


def find_conditions(connection: Connection, username: str, query: SearchQuery) -> Conditions | None:
    """None where nothing can be as it asks: the person is in no conversation of that name."""
    memberships, parameters = "username = ?", [username]
    conversation_id = None
    if query.labels:
        memberships += f" AND lower(label) IN {_marks(query.labels)}"
        parameters += query.labels
        found = connection.execute(f"SELECT conversation_id FROM memberships WHERE {memberships} LIMIT 2", parameters)
        ids = [one for (one,) in found]
        if not ids:
            return None
        conversation_id = ids[0] if len(ids) == 1 else None
    return Conditions(conversation_id, memberships, parameters, *_of_messages(query))


def _of_messages(query: SearchQuery) -> tuple[str, list[str]]:
    condition, parameters = "", list[str]()
    if query.senders:
        condition += f" AND lower(sender_username) IN {_marks(query.senders)}"
        parameters += query.senders
    if query.before is not None:
        condition += f" AND {_DAY} < ?"
        parameters.append(query.before)
    if query.after is not None:
        condition += f" AND {_DAY} > ?"
        parameters.append(query.after)
    for kind in query.kinds:
        of_kind, values = _of_kind(kind)
        condition += f" AND {of_kind}"
        parameters += values
    return condition, parameters


def _of_kind(kind: str) -> tuple[str, tuple[str, ...]]:
    if kind == "link":
        return _LINK, _LINKS
    if kind == "file":
        return "attachments IS NOT NULL", ()
    if kind == "picture":  # all were, when there were no kinds
        return "(attachments LIKE ? OR attachments NOT LIKE ?)", (_OF_KIND.format(kind), _OF_ANY_KIND)
    return "attachments LIKE ?", (_OF_KIND.format(kind),)


def _marks(values: Collection[str]) -> str:
    return f"({', '.join('?' * len(values))})"
