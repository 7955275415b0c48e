"""How each refusal of chat is answered: the HTTP status, and the code that problems and `error` events share."""

from chat_service.domain import refusals as facts
from servicekit.problems import ProblemType, RefusalTable

REFUSALS: RefusalTable = {
    facts.InvalidCommand: ProblemType(400, "invalid_command"),
    facts.UnknownRecipient: ProblemType(404, "unknown_recipient"),
    facts.RecipientIsSelf: ProblemType(422, "recipient_is_self"),
    facts.RecipientOffline: ProblemType(409, "recipient_offline"),
    facts.MessageEmpty: ProblemType(422, "message_empty"),
    facts.MessageTooLong: ProblemType(422, "message_too_long"),
    facts.InvalidMessage: ProblemType(422, "invalid_message"),
    facts.UnknownMessage: ProblemType(404, "unknown_message"),
    facts.NotTheAuthor: ProblemType(403, "not_the_author"),
    facts.InvalidEmoji: ProblemType(422, "invalid_emoji"),
    facts.UnknownRoom: ProblemType(404, "unknown_room"),
    facts.NotAMember: ProblemType(403, "not_a_member"),
    facts.NotTheOwner: ProblemType(403, "not_the_owner"),
    facts.OwnerStays: ProblemType(409, "owner_stays"),
    facts.RoomTaken: ProblemType(409, "room_taken"),
    facts.TooManyRooms: ProblemType(429, "too_many_rooms"),
    facts.RoomFull: ProblemType(409, "room_full"),
    facts.TooManyReactions: ProblemType(429, "too_many_reactions"),
    facts.TooManySavedChats: ProblemType(429, "too_many_saved_chats"),
    facts.TooManyInvitations: ProblemType(429, "too_many_invitations"),
    facts.TooManyNamesTried: ProblemType(429, "too_many_requests"),
    facts.QueryEmpty: ProblemType(422, "query_empty"),
    facts.UnknownAttachment: ProblemType(404, "unknown_attachment"),
    facts.NoCall: ProblemType(404, "no_call"),
    facts.StreamTaken: ProblemType(409, "stream_taken"),
    facts.CallsUnavailable: ProblemType(503, "calls_unavailable"),
    facts.MediaUnavailable: ProblemType(503, "media_unavailable"),
    facts.TooManyMessages: ProblemType(429, "too_many_messages"),
    facts.TooManyConnections: ProblemType(429, "too_many_connections"),
    facts.NotStored: ProblemType(503, "not_stored"),
    facts.DirectoryUnavailable: ProblemType(503, "directory_unavailable"),
}
