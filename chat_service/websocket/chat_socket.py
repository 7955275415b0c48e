"""The socket of a person: one device, from its handshake to its end."""

import asyncio
from typing import Any

from chat_service.actions.rooms import LOBBY
from chat_service.actions.submissions import takes_a_while
from chat_service.domain import commands, events, intents
from chat_service.domain.commands import Addressed, Calling, Command, Ping, Resume
from chat_service.domain.connection_modes import SingleRoomMode
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.events import EncodedEvent
from chat_service.domain.places import Place
from chat_service.domain.refusals import InvalidCommand
from chat_service.websocket.command_outcomes import CommandOutcome
from chat_service.websocket.event_sender import EventSendingSocket
from servicekit.authentication import bearer, bearer_token
from servicekit.connection_counts import ConnectionClaim
from servicekit.frames import CloseCode, Opcode
from servicekit.handshake import Handshake
from servicekit.logs import get_logger
from servicekit.problems import Refusal
from servicekit.websocket_writer import Phase

UNANSWERED_MAX = 256
WAITING_MAX = 32  # commands behind one that takes a while
WAITING_BYTES_MAX = 64 * 1024
RESUME_COST = 40  # so many idle messages
ROOM_PATH = "/api/ws/chat"
log = get_logger(__name__)


class _Work:
    """A command that takes a while, and what came meanwhile. A connection that has none pays nothing for it."""

    __slots__ = ("ends_with_connection", "task", "waiting")

    def __init__(self, task: asyncio.Task[None], *, ends_with_connection: bool) -> None:
        self.task = task
        self.ends_with_connection = ends_with_connection  # it is for nobody else
        self.waiting: list[bytes] = []


class ChatSocket(EventSendingSocket):
    """Its commands are carried out in their order, each begun when the one before is on its way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._claim: ConnectionClaim | None = None
        self._has_entered = False
        self._unanswered = 0
        self._working: _Work | None = None

    # From handshake to ready

    async def admit(self, handshake: Handshake) -> None:
        token = bearer_token(handshake.headers.get("authorization"))
        self.identity = await bearer(self.state, token)
        username = self.identity.username
        self._claim = self.state["connection_counts"].claim(username)
        await self._claim.confirm()
        if handshake.path == ROOM_PATH:
            name = handshake.query_value("room") or LOBBY
            room = await self.state["rooms"].enter(username, name)
            self.mode = SingleRoomMode(room.name, as_text=handshake.query_value("format") == "text")
        # Before the handshake is answered: what is said to them after that comes live.
        self.reader = await self.state["local_readers"].enter(username)
        self._has_entered = True
        # Again: the session may have ended meanwhile.
        self.state["authentication"].identify(token or "")
        self.state["profiles"].check()

    def opened(self) -> None:
        """Without a step after `admit`; from here on events come, and wait until the peer had a chance to resume."""
        self.state["sockets"].add(self)
        log.info("connected", username=self.identity.username, session=self.identity.session_id)
        self.hold()
        self.reader.connections.append(self)
        self._work(self._greet(dict(self.reader.positions), dict(self.reader.places)), ends_with_connection=True)

    def not_opened(self) -> None:
        if self._claim is not None:
            self._claim.release()
        if self._has_entered:
            self.state["local_readers"].leave(self.reader)

    async def _greet(self, positions: dict[Label, int], places: dict[Label, Place]) -> None:
        # Presence comes to this connection already: no change is missed in between.
        online = await self.state["presence"].contacts_online(self.reader.username)
        self.starts = await self.state["resuming"].starts(self.reader, positions, places)
        ready = events.ready(self.reader.username, self.identity.session_id, online, self.starts)
        self.replay_event(None, EncodedEvent(ready))
        if self.phase is Phase.OPEN:
            self.ping()
            self.grace.begin()
            self.expire_after(self.identity.expires_at - self.state["clock"]())

    def end_session(self) -> None:
        """The session was revoked."""
        self.close(CloseCode.SESSION_ENDED, "the session has ended")

    def closed(self) -> None:
        super().closed()
        if self._working is not None and self._working.ends_with_connection:
            self._working.task.cancel()
        log.info("disconnected", username=self.identity.username, session=self.identity.session_id)
        self.state["sockets"].discard(self)
        assert self._claim is not None
        self._claim.release()
        self.state["local_readers"].leave(self.reader, self)

    # Commands

    def received(self, opcode: int, payload: bytes) -> None:
        if self._working is None:
            self._take(payload)
            return
        waiting = self._working.waiting
        waiting.append(payload)
        if len(waiting) >= WAITING_MAX or sum(map(len, waiting)) >= WAITING_BYTES_MAX:
            self.pause_reading()

    def _take(self, payload: bytes) -> None:
        nonce = None
        try:
            command = self._parse(payload)
            nonce = getattr(command, "nonce", None)
            self._obey(command)
        except Refusal as refusal:
            self.tell_refusal(refusal, nonce)

    def _parse(self, payload: bytes) -> Command:
        """Raises InvalidCommand, which counts like a message, or TooManyMessages."""
        try:
            return self.mode.parse(payload)
        except InvalidCommand:
            self.state["submissions"].count(self.identity.username)
            raise

    def _obey(self, command: Command) -> None:
        if isinstance(command, Resume):
            is_late = not self.grace.is_running
            self.grace.cancel()
            self.count_idle(RESUME_COST)
            self.hold()  # from here on, not when the task comes to it
            self._work(self._resume(command, is_late=is_late), ends_with_connection=True)
            return
        self.grace.end()
        if isinstance(command, Ping):
            self.count_idle()
            self.send_event(None, events.PONG)
        elif isinstance(command, Addressed):
            self._obey_addressed(command)
        elif takes_a_while(intents.text_of(about := intents.about_message(command, self.mode.conversation))):
            self._work(self._submit_any(about, None))
        else:
            self._submit(about, None)

    def _obey_addressed(self, command: Addressed) -> None:
        conversation = self.state["addressing"].conversation_of(self.reader.username, command.to, command.room)
        if conversation is None or _has_to_wait(command):
            self._work(self._ask_and_obey(command, conversation))
        else:
            self._obey_in(conversation, command)

    async def _ask_and_obey(self, command: Addressed, conversation: Conversation | None) -> None:
        """What has to be asked for elsewhere: who that is, whose files those are, whether there is a call."""
        username = self.reader.username
        try:
            if conversation is None:
                conversation = await self.state["addressing"].find_conversation(username, command.to or "")
            if isinstance(command, Calling):
                await self.state["calls"].obey(username, command, conversation)
                return
            if isinstance(command, commands.SendMessage):
                file_ids = command.attachments
                attachments = await self.state["attachments"].get(username, file_ids) if file_ids else ()
                await self._submit_any(intents.message(command, conversation, attachments), command.nonce)
                return
            self._obey_in(conversation, command)
        except Refusal as refusal:
            self.tell_refusal(refusal, getattr(command, "nonce", None))

    def _obey_in(self, conversation: Conversation, command: Addressed) -> None:
        match command:
            case commands.SendMessage():
                self._submit(intents.message(command, conversation, ()), command.nonce)
            case commands.Read(seq=seq):
                self._submit(intents.MarkRead(conversation=conversation, seq=seq), None)
            case commands.Typing():
                self.count_idle()
                self.state["typing_notices"].tell(self.reader, conversation)

    def _submit(self, intent: intents.Intent, nonce: str | None) -> None:
        self.state["submissions"].submit(self.reader.username, intent, CommandOutcome(self, nonce))
        self._submitted()

    async def _submit_any(self, intent: intents.Intent, nonce: str | None) -> None:
        """The same, also where its text takes a while."""
        try:
            await self.state["submissions"].submit_any(self.reader.username, intent, CommandOutcome(self, nonce))
        except Refusal as refusal:
            self.tell_refusal(refusal, nonce)
        else:
            self._submitted()

    def _submitted(self) -> None:
        self._unanswered += 1
        if self._unanswered >= UNANSWERED_MAX:
            self.pause_reading()

    def answered(self) -> None:
        self._unanswered -= 1
        if self._unanswered == UNANSWERED_MAX // 2 and self._working is None:
            self.resume_reading()

    async def _resume(self, command: Resume, *, is_late: bool) -> None:
        try:
            await self.state["resuming"].resume(self.reader, self, command, is_late=is_late)
        finally:
            self.release()

    # A command that takes a while holds the next ones up, but no ping

    def _work(self, coroutine: Any, *, ends_with_connection: bool = False) -> None:
        task = asyncio.create_task(coroutine)
        self._working = _Work(task, ends_with_connection=ends_with_connection)
        task.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Task[None]) -> None:
        waiting, self._working = self._working.waiting if self._working else [], None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a command failed", exc_info=error)
            self.close(1011, "the service failed; the log knows why")
        for payload in waiting:
            if self.is_open:
                self.received(Opcode.TEXT, payload)  # behind the next that takes a while, if one of them does
        if self._may_read():
            self.resume_reading()

    def _may_read(self) -> bool:
        return self._working is None and self._unanswered < UNANSWERED_MAX


def _has_to_wait(command: Addressed) -> bool:
    """Something has to be asked for elsewhere, or a long text to be rendered."""
    if isinstance(command, commands.SendMessage):
        return bool(command.attachments) or takes_a_while(command.message)
    return isinstance(command, Calling)
