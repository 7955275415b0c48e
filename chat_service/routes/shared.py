"""What the endpoints of chat share."""

from typing import Annotated

import msgspec

from chat_service.domain.refusals import DirectoryUnavailable, RecipientIsSelf, UnknownRecipient

HISTORY_PAGE = 50
MessageId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
PERSON_REFUSALS = (UnknownRecipient, RecipientIsSelf, DirectoryUnavailable)


class Done(msgspec.Struct, frozen=True):
    message: str
