"""How each refusal of chat is answered: the HTTP status, and the code that problems and `error` events share."""

from chat_service.domain import refusals as facts
from servicekit.problems import Answer, RefusalTable

REFUSALS: RefusalTable = {
    facts.InvalidCommand: Answer(400, "invalid_command"),
    facts.UnknownRecipient: Answer(404, "unknown_recipient"),
    facts.RecipientIsSelf: Answer(422, "recipient_is_self"),
    facts.RecipientOffline: Answer(409, "recipient_offline"),
    facts.MessageEmpty: Answer(422, "message_empty"),
    facts.MessageTooLong: Answer(422, "message_too_long"),
    facts.InvalidMessage: Answer(422, "invalid_message"),
    facts.UnknownMessage: Answer(404, "unknown_message"),
    facts.NotTheAuthor: Answer(403, "not_the_author"),
    facts.InvalidEmoji: Answer(422, "invalid_emoji"),
    facts.UnknownRoom: Answer(404, "unknown_room"),
    facts.NotAMember: Answer(403, "not_a_member"),
    facts.NotTheOwner: Answer(403, "not_the_owner"),
    facts.OwnerStays: Answer(409, "owner_stays"),
    facts.RoomTaken: Answer(409, "room_taken"),
    facts.TooManyRooms: Answer(429, "too_many_rooms"),
    facts.RoomFull: Answer(409, "room_full"),
    facts.TooManyReactions: Answer(429, "too_many_reactions"),
    facts.TooManySavedChats: Answer(429, "too_many_saved_chats"),
    facts.TooManyInvitations: Answer(429, "too_many_invitations"),
    facts.TooManyNamesTried: Answer(429, "too_many_requests"),
    facts.QueryEmpty: Answer(422, "query_empty"),
    facts.UnknownAttachment: Answer(404, "unknown_attachment"),
    facts.NoCall: Answer(404, "no_call"),
    facts.StreamTaken: Answer(409, "stream_taken"),
    facts.CallsUnavailable: Answer(503, "calls_unavailable"),
    facts.MediaUnavailable: Answer(503, "media_unavailable"),
    facts.TooManyMessages: Answer(429, "too_many_messages"),
    facts.TooManyConnections: Answer(429, "too_many_connections"),
    facts.NotStored: Answer(503, "not_stored"),
    facts.DirectoryUnavailable: Answer(503, "directory_unavailable"),
}
