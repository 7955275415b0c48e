"""The sockets: they turn frames into commands for `Chat`, and its refusals into `error` events."""

import asyncio
from typing import Any, ClassVar, cast

from chat_service.actions.rooms import LOBBY
from chat_service.domain import events
from chat_service.domain.attachments import Attachment
from chat_service.domain.changes import Entry
from chat_service.domain.commands import Addressed, Calling, Command, Lasting, Ping, Read, Resume, SendMessage, Typing
from chat_service.domain.places import Place
from chat_service.domain.readers import Reader
from chat_service.domain.refusals import InvalidCommand
from chat_service.domain.views import Everything, OneRoom
from chat_service.refusals import REFUSALS
from chat_service.state import State
from servicekit.authentication import bearer_token
from servicekit.complaints import Complaints
from servicekit.frames import CloseCode, text_frame
from servicekit.handshake import Handshake
from servicekit.logs import get_logger
from servicekit.problems import Refusal, RefusalTable, answer_for
from servicekit.tokens import Identity
from servicekit.websocket import Phase, WebSocketProtocol

UNANSWERED_MAX = 256
RESUME_GRACE_S = 0.25
RESUME_GRACE_S_MAX = 2.0  # for who does not even answer a ping
_GRACE_STEPS = 10
ROOM_PATH = "/api/ws/chat"
_PONG = text_frame(events.PONG)
log = get_logger(__name__)


class ChatSocket(WebSocketProtocol):
    """One device. Its commands are carried out in their order, each begun when the one before is on its way."""

    refusals: ClassVar[RefusalTable] = REFUSALS
    identity: Identity

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state = cast(State, self.app_state)
        self.reader: Reader | None = None
        self.started_at: dict[str, int] = {}
        self.places: dict[str, Place] = {}
        self._view: Everything | OneRoom = Everything()
        self._unanswered = 0
        self._working: asyncio.Task[None] | None = None
        self._grace: asyncio.TimerHandle | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._complaints: Complaints[None] = Complaints(self._log_refusals)

    # From handshake to ready

    async def admit(self, handshake: Handshake) -> None:
        self.state["profiles"].check()
        token = bearer_token(handshake.headers.get("authorization"))
        self.identity = await self.state["authentication"].authenticate(token)
        chat, username = self.state["chat"], self.identity.username
        chat.check_connections(username)
        if handshake.path == ROOM_PATH:
            name = handshake.query_value("room") or LOBBY
            room = await self.state["rooms"].enter(username, name)
            self._view = OneRoom(room.name, as_text=handshake.query_value("format") == "text")
        # Before the handshake is answered: what is said to them after that comes live.
        self.reader = await chat.enter(username)
        # Again: others may have come meanwhile, or the session may have ended.
        chat.check_connections(username)
        self.state["authentication"].identify(token or "")
        self.state["profiles"].check()

    def opened(self) -> None:
        """Without a step after `admit`; from here on events come, and wait until the peer had a chance to resume."""
        assert self.reader is not None
        self.state["sockets"].add(self)
        self.state["chat"].connected(self.identity.username)
        log.info("connected", username=self.identity.username, session=self.identity.session_id)
        self.started_at = dict(self.reader.positions)
        self.places = dict(self.reader.places)
        self.hold()
        self.reader.connections.append(self)
        self._work(self._greet(self.reader))

    def not_opened(self) -> None:
        if self.reader is not None:
            self.state["chat"].leave(self.reader)

    async def _greet(self, reader: Reader) -> None:
        online = await self.state["chat"].contacts_online(reader.username)
        await self.state["chat"].complete(reader, self)
        epochs = {label: self.places[label].epoch for label in self.started_at}
        ready = events.ready(reader.username, self.identity.session_id, online, self.started_at, epochs)
        self.replay_event("", text_frame(ready))
        if self.phase is Phase.OPEN:
            self.ping()
            self._set_timers()

    def _set_timers(self) -> None:
        loop = asyncio.get_running_loop()
        self._grace = loop.call_later(self.state["resume_grace_s_max"], self._end_grace)
        remaining_s = self.identity.expires_at - self.state["clock"]()
        self._expiry = loop.call_later(remaining_s, self.close, CloseCode.SESSION_ENDED, "the token has expired")

    def answered_ping(self) -> None:
        """They have `ready`, however slow the line; who means to resume says so now."""
        if self._grace is not None:
            self._step_grace(_GRACE_STEPS)

    def _step_grace(self, steps: int) -> None:
        """In small steps, between which the loop reads: a busy moment here must not make a `resume` late."""
        self._cancel_grace()
        if steps:
            later = asyncio.get_running_loop().call_later
            self._grace = later(self.state["resume_grace_s"] / _GRACE_STEPS, self._step_grace, steps - 1)
        else:
            self.release()  # who resumes after this is late

    def end_session(self) -> None:
        """The session was revoked."""
        self.close(CloseCode.SESSION_ENDED, "the session has ended")

    def closed(self) -> None:
        self._complaints.close()
        log.info("disconnected", username=self.identity.username, session=self.identity.session_id)
        self.state["sockets"].discard(self)
        self.state["chat"].disconnected(self.identity.username)
        for timer in (self._grace, self._expiry):
            if timer is not None:
                timer.cancel()
        if self.reader is not None:
            self.state["chat"].leave(self.reader, self)

    # Events

    def send_event(self, label: str, frame: bytes) -> None:
        """An event of the conversation `label`, or about the person it names; without one, about the connection."""
        if (shown := self._view.show(label, frame)) is not None:
            if self._grace is not None and self.outbox_is_filling:
                self._end_grace()
            self.send(shown)

    def replay_event(self, label: str, frame: bytes) -> None:
        """The same, before what is held."""
        if (shown := self._view.show(label, frame)) is not None:
            self.send_first(shown)

    # Commands

    def received(self, opcode: int, payload: bytes) -> None:
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
            return self._view.parse(payload)
        except InvalidCommand:
            self.state["chat"].count(self.identity.username)
            raise

    def _obey(self, command: Command) -> None:
        assert self.reader is not None
        if isinstance(command, Resume):
            is_late = self._grace is None
            self._cancel_grace()
            self.hold()  # from here on, not when the task comes to it
            self._work(self._resume(self.reader, command, is_late=is_late))
            return
        self._end_grace()
        if isinstance(command, Ping):
            self.send_event("", _PONG)
        elif not isinstance(command, Addressed):
            self._submit(self.reader, command, self._view.conversation)
        else:
            self._obey_addressed(self.reader, command)

    def _obey_addressed(self, reader: Reader, command: Addressed) -> None:
        name = self.state["chat"].conversation_of(reader.username, command.to, command.room)
        asks = isinstance(command, Calling) or (isinstance(command, SendMessage) and command.attachments)
        if name is None or asks:
            self._work(self._ask_and_obey(reader, command, name))
        else:
            self._obey_in(reader, command, name)

    async def _ask_and_obey(self, reader: Reader, command: Addressed, name: str | None) -> None:
        """What has to be asked for elsewhere: who that is, whose files those are, whether there is a call."""
        try:
            name = name or await self.state["chat"].find_conversation(reader.username, command.to or "")
            file_ids = command.attachments if isinstance(command, SendMessage) else ()
            attachments = await self.state["attachments"].get(reader.username, file_ids) if file_ids else ()
            if isinstance(command, Calling):
                await self.state["calls"].obey(reader.username, command, name)
                return
            self._obey_in(reader, command, name, attachments)
        except Refusal as refusal:
            self.tell_refusal(refusal, getattr(command, "nonce", None))

    def _obey_in(
        self, reader: Reader, command: Addressed, conversation: str, attachments: tuple[Attachment, ...] = ()
    ) -> None:
        if isinstance(command, Typing):
            self.state["chat"].type(reader, conversation)
        elif isinstance(command, SendMessage | Read):
            self._submit(reader, command, conversation, attachments)

    def _submit(
        self, reader: Reader, command: Lasting, conversation: str, attachments: tuple[Attachment, ...] = ()
    ) -> None:
        self.state["chat"].submit(reader.username, self, command, conversation, attachments)
        self._unanswered += 1
        if self._unanswered >= UNANSWERED_MAX:
            self.pause_reading()

    async def _resume(self, reader: Reader, command: Resume, *, is_late: bool) -> None:
        try:
            await self.state["chat"].resume(reader, self, command, is_late=is_late)
        finally:
            self.release()

    def _end_grace(self) -> None:
        if self._grace is not None:
            self._cancel_grace()
            self.release()

    def _cancel_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    # A command that takes a while holds the next ones up

    def _work(self, coroutine: Any) -> None:
        self.pause_reading()
        self._working = asyncio.create_task(coroutine)
        self._working.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._working = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a command failed", exc_info=error)
            self.close(1011, "the service failed; the log knows why")
        if self._unanswered < UNANSWERED_MAX:
            self.resume_reading()

    # What Chat tells

    def answered(self, entry: Entry | None) -> None:
        """The event itself comes to all of the person's devices, and so to this one."""
        self._unanswered -= 1
        if self._unanswered == UNANSWERED_MAX // 2 and self._working is None:
            self.resume_reading()

    def refused(self, refusal: Refusal, nonce: str | None) -> None:
        self.answered(None)
        self.tell_refusal(refusal, nonce)

    def tell_refusal(self, refusal: Refusal, nonce: str | None) -> None:
        code = answer_for(refusal, REFUSALS).code
        self._complaints.make(code, None)
        self.send_event("", text_frame(events.error(code, str(refusal), nonce)))

    def _log_refusals(self, code: str, _: None, skipped: int) -> None:
        log.info("refused", username=self.identity.username, code=code, skipped=skipped)
