"""Ada and Grace talk, and what is found of it."""

from tests.chat_service.world import Device, Event, Instance


async def talk(chat: Instance, *texts: str) -> tuple[Device, Device, list[int]]:
    """Ada and Grace; and what she said to her, by its ids."""
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    for text in texts:
        await ada.say("Grace", text)
        await ada.hear("sent")
    return ada, grace, [(await grace.hear("message"))["id"] for _ in texts]


async def saved_chat(chat: Instance, name: str) -> Event:
    (saved,) = await chat.get(name, "/api/saved-chats")
    return dict(saved)


async def found(chat: Instance, name: str, query: str) -> list[str]:
    return [one["message"] for one in await chat.get(name, "/api/search-messages", query=query)]
