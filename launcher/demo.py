"""`make demo`: a fresh Parley with a few people, rooms, pictures and a lively history, to look around in.

All of it is said over the public HTTP interface, as anybody else would.
"""

import argparse
import asyncio
import contextlib
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from launcher import drawings
from launcher.system import System

PASSWORD = "correct horse"
NAMES = {
    "ada": "Ada Lovelace",
    "grace": "Grace Hopper",
    "linus": "Linus",
    "margaret": "Margaret Hamilton",
    "alan": "Alan Turing",
    "edsger": "Edsger",
}
ROOMS = (
    ("grace", "engines", "Analytical, difference, and the ones with steam", False),
    ("margaret", "moon-landing", "Checklists, priorities, alarms 1201 and 1202", False),
    ("linus", "kernel", "Patches welcome. Really.", False),
    ("ada", "surprise-party", "Not a word to Grace!", True),
)
MEMBERS = {
    "engines": ("ada", "linus", "alan", "margaret"),
    "moon-landing": ("grace", "ada"),
    "kernel": ("alan",),
    "lobby": tuple(NAMES),
    "surprise-party": ("linus", "margaret"),
}
# Who says what in which conversation. `>n` answers the message so many before, `:)n` reacts to it.
Line = tuple[str, str, str]
HISTORY: tuple[Line, ...] = (
    ("grace", "#lobby", "Good morning, everybody! The new server is up."),
    ("linus", "#lobby", "Works here. Who broke the build?"),
    ("alan", "#lobby", "Undecidable, in general. 😄"),
    ("margaret", "#lobby", "It was me. Mended: two lines were in the wrong order."),
    ("ada", "#lobby", "Welcome to Parley! Rooms are for many, chats for two. Pictures work by button, paste and drag."),
    ("grace", "#engines", "How far is the note on Bernoulli numbers?"),
    (
        "ada",
        "#engines",
        "Done but for the diagram. Would somebody check the loop?\n\nThe machine repeats 13 to 23 for each number.",
    ),
    ("alan", "#engines", "I walked through it by hand. The second accumulator is cleared one step too early."),
    ("ada", "#engines", ">1 Oh. You are right, thank you!"),
    ("linus", "#engines", "Is there a version that I can run? https://en.wikipedia.org/wiki/Note_G"),
    ("margaret", "#moon-landing", "Launch checklist, third version. Please read it as if you were tired."),
    ("grace", "#moon-landing", "Item 7 and item 9 contradict each other when the radar is on."),
    ("margaret", "#moon-landing", ">1 Good catch. That is just what an alarm is for."),
    ("margaret", "#surprise-party", "Cake: yes. Candles: how many, and dare we?"),
    ("linus", "#surprise-party", "Powers of two only."),
    ("margaret", "@ada", "The picture from the ridge, as promised"),
    ("ada", "@margaret", "What a light! May I use it for the cover?"),
    ("margaret", "@ada", "Of course."),
    ("linus", "@ada", "Your patch is in. Three lines of it, at least."),
    ("ada", "@linus", "And the other forty?"),
    ("linus", "@ada", "They were comments."),
    ("alan", "@ada", "Have you thought about whether a machine could write poems?"),
    ("ada", "@alan", "It does whatever we know how to order it to perform. So: can we order a poem?"),
    ("alan", "@ada", "I shall bring tea and an imitation game."),
    ("grace", "@ada", "Ada! Are you there?"),
    ("ada", "@grace", "Always. What is it?"),
    ("grace", "@ada", "I found the reason why the relay stuck. You will not believe it."),
    ("grace", "@ada", "It was a moth. An actual one, between the contacts of relay 70."),
    ("ada", "@grace", "A real bug! Please tape it into the logbook."),
    ("grace", "@ada", ">1 Already done: “First actual case of bug being found.”"),
    ("ada", "@grace", "That will be quoted for eighty years."),
    ("grace", "@ada", "Here is how the error rate looks since:"),
    ("ada", "@grace", "It goes up?"),
    ("grace", "@ada", ">1 It is the number of people who want to see the moth."),
    ("grace", "@ada", "The write-up is at https://en.wikipedia.org/wiki/Grace_Hopper (the part about relays)."),
    ("ada", "@grace", "Reading it now. Lunch at one?"),
    ("grace", "@ada", "One is fine. Bring the diagram, and somebody who can draw straight lines."),
    ("grace", "@ada", "And a net."),
)
PICTURES = {
    "The picture from the ridge, as promised": ("ridge.png", drawings.hills),
    "Here is how the error rate looks since:": ("errors.png", drawings.chart),
}
REACTIONS = {
    "It was a moth. An actual one, between the contacts of relay 70.": (("ada", "😮"), ("ada", "❤️")),
    "A real bug! Please tape it into the logbook.": (("grace", "👍"),),
    "Undecidable, in general. 😄": (("ada", "😂"), ("grace", "😂"), ("linus", "👀")),
    "Powers of two only.": (("ada", "🎉"), ("margaret", "👍")),
    "That will be quoted for eighty years.": (("grace", "😂"),),
}


class Somebody:
    """A person of the demonstration, signed in."""

    def __init__(self, http: httpx.AsyncClient, username: str, token: str) -> None:
        self._http = http
        self.username = username
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, **body: Any) -> Any:
        """What is answered; waits and tries again where that is all that is wanted."""
        while True:
            answer = await self._http.request(method, path, headers=self._headers, **body)
            if answer.status_code != 429:
                break
            await asyncio.sleep(float(answer.headers.get("retry-after", 1)))
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def upload(self, name: str, content: bytes) -> dict[str, Any]:
        answer = await self.ask("POST", "/api/user/upload-files", files={"file": (name, content, "image/png")})
        file: dict[str, Any] = answer["files"][0]
        return file


async def fill(url: str) -> None:
    """Tell the whole story to the Parley at `url`, where nobody of these names is yet."""
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
        people = {username: await _sign_up(http, username, name) for username, name in NAMES.items()}
        for username, draw in drawings.PORTRAITS.items():
            file = await people[username].upload(f"{username}.png", draw())
            await people[username].ask("POST", "/api/update-avatar", data={"avatar_url": file["thumbnail_url"]})
        for owner, name, topic, private in ROOMS:
            await people[owner].ask("POST", "/api/rooms", json={"name": name, "topic": topic, "private": private})
            for member in MEMBERS[name]:
                await people[owner if private else member].ask("PUT", f"/api/rooms/{name}/members/{member}")
        for member in MEMBERS["lobby"]:
            await people[member].ask("PUT", f"/api/rooms/lobby/members/{member}")
        await _talk(people)


async def _sign_up(http: httpx.AsyncClient, username: str, name: str) -> Somebody:
    account = {"username": username, "email": f"{username}@example.org", "password": PASSWORD}
    (await http.post("/api/register", json=account)).raise_for_status()
    answer = (await http.post("/api/login", data={"username": username, "password": PASSWORD})).raise_for_status()
    somebody = Somebody(http, username, answer.json()["access_token"])
    await somebody.ask("POST", "/api/update-nickname", data={"nickname": name})
    return somebody


async def _talk(people: dict[str, Somebody]) -> None:
    said: dict[frozenset[str], list[int]] = {}
    for sender, to, text in HISTORY:
        ids = said.setdefault(frozenset({to} if to.startswith("#") else {sender, to[1:]}), [])
        message: dict[str, Any] = {"message": text}
        if text.startswith(">"):
            back, _, answer = text[1:].partition(" ")
            message = {"message": answer, "reply_to": ids[-int(back)]}
        if text in PICTURES:
            name, draw = PICTURES[text]
            message["attachments"] = [(await people[sender].upload(name, draw()))["id"]]
        kept = await people[sender].ask("POST", _path(to), json=message)
        ids.append(kept["id"])
        for username, emoji in REACTIONS.get(text, ()):
            there = to if to.startswith("#") or username == sender else f"@{sender}"
            await people[username].ask("PUT", f"{_path(there)}/{kept['id']}/reactions/{emoji}")


def _path(to: str) -> str:
    return f"/api/rooms/{to[1:]}/messages" if to.startswith("#") else f"/api/messages/{to[1:]}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m launcher.demo", description="Parley with people in it")
    parser.add_argument(
        "--url", help="fill this running, fresh Parley, instead of starting one that is gone afterwards"
    )
    url = parser.parse_args(arguments).url
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_filled(url) if url else _run())
    return 0


async def _filled(url: str) -> None:
    await fill(url)
    _tell(url)


async def _run() -> None:
    """A whole Parley in a folder of its own, until Ctrl-C."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(prefix="parley-demo-") as folder:
        print("Starting a Parley for the demonstration ...", flush=True)
        async with System(Path(folder)) as system:
            await fill(system.url)
            _tell(system.url)
            print("Ctrl-C ends it, and nothing of it stays.", flush=True)
            await asyncio.Event().wait()


def _tell(url: str) -> None:
    print(f"\nParley is ready: {url}/sign-in?next=/chat/grace\n")
    print(f"  Sign in as   {', '.join(NAMES)}")
    print(f"  Password     {PASSWORD}   (everybody's)\n")
    print("Sign in as ada here and as grace in a private window, and let them talk.", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
