"""The composition of the chat service: its parts, wired in the order of the way of a message."""

from collections.abc import Callable, Coroutine
from typing import Any

from chat_service.actions.addressing import Addressing
from chat_service.actions.arrivals import Arrivals
from chat_service.actions.attachments import Attachments
from chat_service.actions.blocks import Blocks
from chat_service.actions.calls import Calls
from chat_service.actions.catch_up import CatchUp
from chat_service.actions.closed_rooms import ClosedRoomCleanup
from chat_service.actions.erasing import Erasing
from chat_service.actions.history import History
from chat_service.actions.link_cards import LinkCards
from chat_service.actions.local_readers import LocalReaders
from chat_service.actions.moderation import Moderation
from chat_service.actions.nudges import Nudges
from chat_service.actions.open_sockets import OpenSockets
from chat_service.actions.outcomes import OutcomeListener
from chat_service.actions.own_side import own_side_of
from chat_service.actions.people import People
from chat_service.actions.person_limits import PersonLimits
from chat_service.actions.presence import Presence
from chat_service.actions.profile_news import ProfileNews
from chat_service.actions.publisher import Publisher
from chat_service.actions.reporting import Reporting
from chat_service.actions.resuming import Resuming
from chat_service.actions.room_members import RoomMembers
from chat_service.actions.room_subscriptions import RoomSubscriptions
from chat_service.actions.rooms import Rooms
from chat_service.actions.saved_chats import SavedChats
from chat_service.actions.searching import Searching
from chat_service.actions.submissions import Submissions
from chat_service.actions.typing_notices import TypingNotices
from chat_service.actions.waiting_reports import watch_waiting_reports
from chat_service.call_registry import CallRegistry
from chat_service.domain.changes import Appended
from chat_service.domain.intents import Draft
from chat_service.domain.refusals import NotStored
from chat_service.feed import Feed
from chat_service.group_writer import GroupWriter
from chat_service.peers import Peers
from chat_service.settings import ChatSettings, Waits
from chat_service.state import State
from chat_service.store.acts import Acts
from chat_service.store.arrivals import Arrivals as ArrivalStore
from chat_service.store.attachments import Attachments as AttachmentStore
from chat_service.store.blocks import Blocks as BlockStore
from chat_service.store.closed_rooms import ClosedRooms
from chat_service.store.conversations import Conversations
from chat_service.store.engines import log_of
from chat_service.store.erasures import Erasures
from chat_service.store.history import History as HistoryStore
from chat_service.store.people import PeopleStore
from chat_service.store.reports import Reports
from chat_service.store.room_members import RoomMemberStore
from chat_service.store.rooms import Rooms as RoomStore
from chat_service.store.search import Search
from chat_service.store.totals import Totals
from servicekit.database import Database
from servicekit.peers import Peer
from servicekit.server import Connections


class Composition:
    """What the service is made of."""

    def __init__(
        self,
        settings: ChatSettings,
        database: Database,
        opened: Connections,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        waits: Waits,
    ) -> None:
        self._database = database
        self._opened = opened
        self._clock = clock
        self._monotonic = monotonic
        self.sockets = OpenSockets()
        self._quotas = settings.quotas
        self._limits = PersonLimits(
            settings.rates, bus=opened.bus, clock=clock, monotonic=monotonic, lease_s=waits.connection_lease_s
        )
        self._feed = Feed(opened.bus)
        self._conversations = Conversations(database)
        self._log = log_of(database, quotas=self._quotas)
        self._contacts = PeopleStore(database, quotas=self._quotas, forget=self._log.forget)
        self._peers = Peers(auth=Peer(opened.http, settings.auth_url), media=Peer(opened.http, settings.media_url))
        self._know_people(waits)
        self._deliver()
        self._take_submissions(settings, waits)
        self._add_the_rest(settings, waits)

    def _know_people(self, waits: Waits) -> None:
        self.people = People(store=self._contacts, peers=self._peers, known_stores=self._database)
        self._profile_news = ProfileNews(
            store=self._contacts, feed=self._feed, interval_s=waits.profile_news_interval_s
        )
        self.people.on_changed(self._profile_news.changed)
        self.presence = Presence(store=self._contacts, feed=self._feed, grace_s=waits.presence_grace_s)

    def _deliver(self) -> None:
        """From the feed to the sockets."""
        self._room_subscriptions = RoomSubscriptions(feed=self._feed, store=self._conversations)
        self._catch_up = CatchUp(store=self._conversations, rooms=self._room_subscriptions)
        self.local_readers = LocalReaders(
            store=self._conversations,
            feed=self._feed,
            presence=self.presence,
            rooms=self._room_subscriptions,
            catch_up=self._catch_up,
        )

    def _take_submissions(self, settings: ChatSettings, waits: Waits) -> None:
        """From the sockets to the disk, and on to the feed."""
        self._writer: GroupWriter[OutcomeListener, Draft, Appended] = GroupWriter(
            database=self._database, log=self._log, failure=NotStored()
        )
        self.nudges = Nudges(feed=self._feed, deliver_here=self.local_readers.receive)
        self.submissions = Submissions(
            writer=self._writer,
            message_length_max=settings.message_length_max,
            rates=self._limits.messages,
            clock=self._clock,
        )
        self._link_cards = LinkCards(
            peers=self._peers,
            submissions=self.submissions,
            clock=self._clock,
            is_on=settings.link_cards == "on",
            pauses_s=waits.card_pauses_s,
        )
        self._publisher = Publisher(
            feed=self._feed, nudges=self.nudges, readers=self.local_readers, on_told=self._link_cards.stored
        )

    def _add_the_rest(self, settings: ChatSettings, waits: Waits) -> None:
        database = self._database
        self._blocks = BlockStore(database, forget=self._log.forget_one, quotas=self._quotas)
        self._reports = Reports(database, per_hour_max=settings.reports_per_hour)
        self.attachments = Attachments(store=AttachmentStore(database), peers=self._peers)
        self.deleted_files = self.attachments.follow_deleted_files(database)
        self.searching = Searching(store=Search(database), pause_s=waits.indexing_pause_s)
        self.calls = Calls(
            submissions=self.submissions,
            feed=self._feed,
            presence=self.presence,
            registry=CallRegistry(self._opened.bus),
            clock=self._clock,
            ring_s=waits.ring_s,
            check_accepts=self._blocks.check_accepts,
        )
        self.people.on_banned(self.calls.end_all_of)
        self._erasing = Erasing(
            store=Erasures(database),
            submissions=self.submissions,
            nudges=self.nudges,
            forget=self._log.forget,
            clock=self._clock,
            pause_s=waits.erasing_pause_s,
        )
        self.people.on_erased(self._erasing.begin)
        self.orders = self._erasing.follow_orders(self._peers, database)
        self._clearing = ClosedRoomCleanup(
            store=ClosedRooms(database), on_orphaned=self._feed.tell_of_hidden_files, pause_s=waits.clearing_pause_s
        )
        self.rooms = Rooms(
            store=RoomStore(database, quotas=self._quotas),
            submissions=self.submissions,
            people=self.people,
            invitations=self._limits.invitations,
            taken_names=self._limits.taken_names,
            clock=self._clock,
        )
        self._typing_notices = TypingNotices(
            feed=self._feed,
            monotonic=self._monotonic,
            check_accepts=self._blocks.check_accepts,
            is_timed_out=self.rooms.is_timed_out,
        )
        self._moderation = Moderation(
            rooms=self.rooms, people=self.people, submissions=self.submissions, clock=self._clock
        )
        self._arrivals = Arrivals(store=ArrivalStore(database), rooms=self.rooms, pause_s=waits.arriving_pause_s)
        self.people.on_invited(self._arrivals.begin)
        self._opened.bus.on_connected(self.calls.on_connected)

    def background(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """What runs beside the requests, until it is cancelled."""
        return (
            self.people.following.run(),
            self.deleted_files.run(),
            self.orders.run(),
            self._arrivals.run(),
            self.searching.run(),
            self._erasing.run(),
            self._clearing.run(),
            self.calls.run(),
            self._limits.run(),
            watch_waiting_reports(self._reports),
        )

    def write(self) -> Coroutine[Any, Any, None]:
        """The same for what is submitted; ended before what it publishes by."""
        return self._writer.run(self._publisher.stored)

    def state(self, settings: ChatSettings, clock: Callable[[], float], waits: Waits) -> State:
        return State(
            acts=Acts(self._database),
            addressing=Addressing(self.people),
            attachments=self.attachments,
            authentication=self._opened.authentication,
            blocks=Blocks(self._blocks, self.people, self.submissions, self.presence, self.calls, self._feed, clock),
            bus=self._opened.bus,
            calls=self.calls,
            clock=clock,
            connection_counts=self._limits.connections,
            database=self._database,
            history=History(HistoryStore(self._database)),
            history_page_max=settings.history_page_max,
            local_readers=self.local_readers,
            moderation=self._moderation,
            own_side=own_side_of(
                self._database,
                quotas=self._quotas,
                feed=self._feed,
                submissions=self.submissions,
                draft_rates=self._limits.drafts,
                clock=clock,
            ),
            presence=self.presence,
            profiles=self.people.following,
            replicas=(self.people.following, self.deleted_files, self.orders),
            reporting=Reporting(self._reports, self.people, self._peers, self.submissions, clock),
            resume_grace_s=waits.resume_grace_s,
            resume_grace_s_max=waits.resume_grace_s_max,
            resuming=Resuming(store=self._conversations, nudge=self.nudges.tell, events_max=settings.resume_events_max),
            room_members=RoomMembers(
                store=RoomMemberStore(self._database),
                rooms=self.rooms,
                presence=self.presence,
                moderates=self._moderation.moderates,
            ),
            rooms=self.rooms,
            saved_chats=SavedChats(
                conversations=self._conversations,
                contacts=self._contacts,
                people=self.people,
                presence=self.presence,
                submissions=self.submissions,
                clock=clock,
            ),
            searching=self.searching,
            sockets=self.sockets,
            submissions=self.submissions,
            totals=Totals(self._database),
            typing_notices=self._typing_notices,
        )

    async def close(self) -> None:
        """End what was begun, what tells before who is told."""
        for part in (
            self._limits,
            self._link_cards,
            self.calls,
            self._typing_notices,
            self._profile_news,
            self.presence,
            self._publisher,
            self.nudges,
            self.local_readers,
            self._catch_up,
            self._room_subscriptions,
        ):
            await part.close()
