"""The sending side of a person's socket: which events it shows, in which form, and when."""

from typing import Any, ClassVar, cast

from chat_service.domain import events
from chat_service.domain.connection_modes import AllConversationsMode, SingleRoomMode
from chat_service.domain.conversations import Label
from chat_service.domain.events import EncodedEvent
from chat_service.domain.places import Place
from chat_service.domain.readers import Reader
from chat_service.refusals import REFUSALS
from chat_service.state import State
from chat_service.websocket.resume_grace import ResumeGrace
from servicekit.logs import get_logger
from servicekit.problems import Refusal, RefusalTable, problem_type_of
from servicekit.throttling import ErrorThrottle
from servicekit.tokens import Identity
from servicekit.websocket import WebSocketProtocol

REFUSAL_COST = 2  # so many idle messages
log = get_logger(__name__)


class EventSendingSocket(WebSocketProtocol):
    """Live events wait in the outbox until the peer had a chance to resume; what is replayed passes them."""

    refusals: ClassVar[RefusalTable] = REFUSALS
    identity: Identity
    reader: Reader  # both from `admit` on

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state = cast(State, self.app_state)
        self.mode: AllConversationsMode | SingleRoomMode = AllConversationsMode()
        self.starts: dict[Label, Place] = {}
        self.grace = ResumeGrace(
            grace_s=self.state["resume_grace_s"],
            grace_s_max=self.state["resume_grace_s_max"],
            on_end=self.release,
        )
        self._errors: ErrorThrottle[None] = ErrorThrottle(self._log_refusals)

    def send_event(self, label: Label | None, event: EncodedEvent) -> None:
        if (frame := self.mode.frame(label, event)) is not None:
            if self.grace.is_running and self.outbox_is_filling:
                self.grace.end()
            self.send(frame)

    def replay_event(self, label: Label | None, event: EncodedEvent) -> None:
        if (frame := self.mode.frame(label, event)) is not None:
            self.send_first(frame)

    def tell_refusal(self, refusal: Refusal, nonce: str | None) -> None:
        code = problem_type_of(refusal, REFUSALS).code
        self._errors.report(code, None)
        self.count_idle(REFUSAL_COST)
        self.send_event(None, EncodedEvent(events.error(code, str(refusal), nonce, refusal.retry_after_s)))

    def _log_refusals(self, code: str, _: None, skipped: int) -> None:
        log.info("refused", username=self.identity.username, code=code, skipped=skipped)

    def answered_ping(self) -> None:
        self.grace.shorten()

    def closed(self) -> None:
        self._errors.close()
        self.grace.cancel()
