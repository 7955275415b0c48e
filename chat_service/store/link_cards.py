"""Link cards in the store: shown with the message, and told as a change of it."""

from chat_service.domain import link_cards
from chat_service.domain.changes import Kind
from chat_service.domain.intents import RemoveCards, ShowCards
from chat_service.domain.link_cards import StoredCards
from chat_service.domain.refusals import NotTheAuthor
from chat_service.store.log_end import Done, LogEnd
from chat_service.store.rows import html_of
from servicekit.database import Connection


def show(connection: Connection, author: str, end: LogEnd, intent: ShowCards) -> Done:
    """Unless the text has changed since they were looked for, or its links are those of before."""
    sender, before = _find(connection, intent.message_id)
    has_news = before.links != intent.links and (before.cards or intent.cards)
    if not has_news or sender != author or _is_edited_after(connection, end, intent):
        return Done(Kind.CARDS, has_changed=False)
    _put(connection, intent.message_id, StoredCards(intent.links, intent.cards))
    return Done(Kind.CARDS, has_changed=True, message_id=intent.message_id, value=link_cards.told(intent.cards))


def remove(connection: Connection, author: str, intent: RemoveCards) -> Done:
    """They stay away as long as the links are the same. Raises NotTheAuthor."""
    sender, before = _find(connection, intent.message_id)
    if sender != author:
        raise NotTheAuthor
    if not before.cards:
        return Done(Kind.CARDS, has_changed=False)
    _put(connection, intent.message_id, StoredCards(before.links))
    return Done(Kind.CARDS, has_changed=True, message_id=intent.message_id, value=link_cards.told(()))


def now(connection: Connection, message_id: int | None) -> str:
    """What a change that gave a message cards tells later: those of now."""
    row = connection.execute(
        "SELECT cards, message, html, html_version, html_edited_at, edited_at FROM messages"
        " WHERE id = ? AND cards IS NOT NULL",
        (message_id,),
    ).fetchone()
    return link_cards.told(link_cards.shown_cards(row["cards"], html_of(row)) if row else ())


def _find(connection: Connection, message_id: int) -> tuple[str, StoredCards]:
    """Its author, and what is known of its links."""
    sender, stored = connection.execute(
        "SELECT sender_username, cards FROM messages WHERE id = ?", (message_id,)
    ).fetchone()
    return sender, link_cards.decode(stored) if stored else StoredCards(())


def _is_edited_after(connection: Connection, end: LogEnd, intent: ShowCards) -> bool:
    found = connection.execute(
        "SELECT 1 FROM changes WHERE conversation_id = ? AND seq > ? AND kind = ? AND message_id = ? LIMIT 1",
        (end.id, intent.seq, Kind.EDITED.value, intent.message_id),
    )
    return found.fetchone() is not None


def _put(connection: Connection, message_id: int, cards: StoredCards) -> None:
    column = link_cards.encode(cards) if cards.links else None
    connection.execute("UPDATE messages SET cards = ? WHERE id = ?", (column, message_id))
