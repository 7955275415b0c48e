"""Conversations as pages name them."""

import pytest

from gateway.domain.conversations import Conversation


@pytest.mark.parametrize(
    "conversation, label, path, messages_path",
    [
        (Conversation.with_person("grace"), "@grace", "/chat/grace", "/api/messages/grace"),
        (Conversation.with_person("a/b ü"), "@a/b ü", "/chat/a%2Fb%20%C3%BC", "/api/messages/a%2Fb%20%C3%BC"),
        (Conversation.in_room("lobby"), "#lobby", "/rooms/lobby", "/api/rooms/lobby/messages"),
        (Conversation.in_room("@#?"), "#@#?", "/rooms/%40%23%3F", "/api/rooms/%40%23%3F/messages"),
    ],
)
def test_a_conversation_has_a_label_and_a_path_of_its_own(
    conversation: Conversation, label: str, path: str, messages_path: str
) -> None:
    assert conversation.label == label
    assert (conversation.path, conversation.messages_path) == (path, messages_path)
    assert Conversation.of_label(label) == conversation
