"""One's own side of conversations: what only their person's devices are told."""

from collections.abc import Callable
from typing import NamedTuple

from chat_service.actions.mentions import Mentions
from chat_service.actions.message_rates import MessageRates
from chat_service.actions.notification_levels import NotificationLevels
from chat_service.actions.quiet_hours import OwnQuietHours
from chat_service.actions.saved_drafts import SavedDrafts
from chat_service.actions.submissions import Submissions
from chat_service.actions.unread_marks import UnreadMarks
from chat_service.domain.quotas import Quotas
from chat_service.feed import Feed
from chat_service.store.mention_inbox import MentionInbox
from chat_service.store.notification_levels import NotificationLevels as NotificationLevelStore
from chat_service.store.quiet_hours import QuietHours as QuietHoursStore
from chat_service.store.saved_drafts import SavedDrafts as SavedDraftStore
from chat_service.store.unread_marks import UnreadMarks as UnreadMarkStore
from servicekit.database import Database


class OwnSide(NamedTuple):
    drafts: SavedDrafts
    notification_levels: NotificationLevels
    quiet_hours: OwnQuietHours
    unread_marks: UnreadMarks
    mentions: Mentions


def own_side_of(
    database: Database,
    *,
    quotas: Quotas,
    feed: Feed,
    submissions: Submissions,
    draft_rates: MessageRates,
    clock: Callable[[], float],
) -> OwnSide:
    return OwnSide(
        SavedDrafts(
            store=SavedDraftStore(database, quotas=quotas),
            feed=feed,
            rates=draft_rates,
            message_length_max=submissions.message_length_max,
            clock=clock,
        ),
        NotificationLevels(NotificationLevelStore(database, quotas=quotas), feed, submissions, clock),
        OwnQuietHours(QuietHoursStore(database), feed, submissions, clock),
        UnreadMarks(UnreadMarkStore(database), feed, submissions),
        Mentions(MentionInbox(database)),
    )
