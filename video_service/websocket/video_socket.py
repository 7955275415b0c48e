"""Sockets: who may connect, for how long, and in which role."""

from typing import Any, ClassVar, cast

from servicekit.authentication import bearer, bearer_token
from servicekit.bodies import convert
from servicekit.connection_counts import ConnectionClaim
from servicekit.frames import CloseCode, Opcode, text_frame
from servicekit.handshake import Handshake
from servicekit.logs import get_logger
from servicekit.problems import Refusal, RefusalTable, problem_type_of
from servicekit.throttling import ErrorThrottle
from servicekit.tokens import Identity
from servicekit.websocket import WebSocketProtocol
from video_service.domain import events
from video_service.domain.refusals import MessageTooLarge
from video_service.refusals import REFUSALS
from video_service.state import State
from video_service.websocket.frame_source import FrameSource, FrameSourceQuery
from video_service.websocket.watching import Watching, WatchingQuery

PATH = "/api/ws/video"
log = get_logger(__name__)


class VideoSocket(WebSocketProtocol):
    """One connection, which either sends frames or watches a stream."""

    refusals: ClassVar[RefusalTable] = REFUSALS
    identity: Identity

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        self.state = cast(State, app_state)
        self.message_bytes_max = self.state["message_bytes_max"]
        super().__init__(config, server_state, app_state, _loop)
        self._claim: ConnectionClaim | None = None
        self._role: FrameSource | Watching | None = None
        self._errors: ErrorThrottle[tuple[str, int | None]] = ErrorThrottle(self._complain)

    # From handshake to end

    async def admit(self, handshake: Handshake) -> None:
        token = bearer_token(handshake.headers.get("authorization"))
        self.identity = await bearer(self.state, token)
        self._claim = self.state["connection_counts"].claim(self.identity.username)
        self._role = self._find_role(handshake)
        await self._claim.confirm()
        await self._role.enter()
        # Again: the session may have ended meanwhile.
        self.state["authentication"].identify(token or "")
        self.state["profiles"].check()

    def _find_role(self, handshake: Handshake) -> FrameSource | Watching:
        # A name or a look that is left empty is none, but never does it make everybody the audience.
        query = {name: values[0] for name, values in handshake.query.items() if values[0] or name == "audience"}
        if (name := handshake.path.removeprefix(PATH).strip("/")) == "":
            return FrameSource(self, convert(query, FrameSourceQuery))
        return Watching(self, name, convert(query, WatchingQuery))

    def opened(self) -> None:
        assert self._role is not None
        self.state["open_connections"].add(self)
        log.info("connected", username=self.identity.username, session=self.identity.session_id)
        self.expire_after(self.identity.expires_at - self.state["clock"]())
        self._role.opened()

    def not_opened(self) -> None:
        if self._claim is not None:
            self._claim.release()
        if self._role is not None:
            self._role.closed()

    def end_session(self) -> None:
        """The session was revoked."""
        self.close(CloseCode.SESSION_ENDED, "the session has ended")

    def turn_away(self) -> None:
        self.close(CloseCode.TRY_AGAIN_LATER, "who is who is not certain now")

    def close(self, code: int, reason: str = "") -> None:
        if code == CloseCode.TOO_BIG:
            self.tell_refusal(MessageTooLarge(self.message_bytes_max))
        super().close(code, reason)

    def closed(self) -> None:
        self._errors.close()
        log.info("disconnected", username=self.identity.username, session=self.identity.session_id)
        self.state["open_connections"].discard(self)
        if self._claim is not None:
            self._claim.release()
        if self._role is not None:
            self._role.closed()

    # Messages

    def received(self, opcode: int, payload: bytes) -> None:
        assert self._role is not None
        try:
            self._role.received(payload, is_text=opcode == Opcode.TEXT)
        except Refusal as refusal:
            self.tell_refusal(refusal)

    def answered_probe(self, payload: bytes) -> None:
        if self._role is not None:
            self._role.paced_sender.answered(payload)

    def tell(self, event: bytes) -> None:
        self.send(text_frame(event))

    def tell_refusal(self, refusal: Refusal, sequence: int | None = None) -> None:
        self._errors.report(problem_type_of(refusal, REFUSALS).code, (str(refusal), sequence))

    def _complain(self, code: str, said: tuple[str, int | None], skipped: int) -> None:
        detail, sequence = said
        log.info("refused", username=self.identity.username, code=code, skipped=skipped)
        self.tell(events.error(code, detail, sequence, skipped))
