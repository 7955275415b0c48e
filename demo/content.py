"""The content of the demonstration: people, rooms, and what they say, in order."""

from collections.abc import Callable

from demo import pictures, sounds

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
WALK_THROUGH = """> The machine repeats 13 to 23 for each number.

I walked through it by hand. The second accumulator is cleared *one step too early*; this closes the loop later:

```python
for step in range(13, 24):
    accumulate(step)
clear(second)  # not before
```"""
# Who says what in which conversation. `>n` answers the message so many before, `:)n` reacts to it.
Line = tuple[str, str, str]
HISTORY: tuple[Line, ...] = (
    ("grace", "#lobby", "Good morning, everybody! The **new server** is up."),
    ("linus", "#lobby", "Works here. Who broke the build?"),
    ("alan", "#lobby", "Undecidable, in general. 😄"),
    ("margaret", "#lobby", "It was me. Mended: two lines were in the wrong order."),
    ("ada", "#lobby", "Welcome to Parley! Rooms are for many, chats for two. Files work by button, paste and drag."),
    ("grace", "#engines", "How far is the note on Bernoulli numbers?"),
    (
        "ada",
        "#engines",
        "Done but for the diagram. Would somebody check the loop?\n\nThe machine repeats 13 to 23 for each number.",
    ),
    ("alan", "#engines", WALK_THROUGH),
    ("ada", "#engines", ">1 Oh. You are right, thank you!"),
    ("linus", "#engines", "Is there a version that I can run? https://en.wikipedia.org/wiki/Note_G"),
    ("margaret", "#moon-landing", "Launch checklist, third version. Please read it as if you were tired."),
    ("grace", "#moon-landing", "@margaret, item 7 and item 9 contradict each other when the radar is on."),
    ("margaret", "#moon-landing", ">1 Good catch. That is just what an alarm is for."),
    ("margaret", "#surprise-party", "- [x] cake: ||three layers||\n- candles: how many, and ~~dare~~ may we?"),
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
    ("grace", "@ada", "This is how it sounded before the tape:"),
    ("grace", "@ada", "Here is how the error rate looks since:"),
    ("ada", "@grace", "It goes up?"),
    ("grace", "@ada", ">1 It is the number of people who want to see the moth."),
    ("grace", "@ada", "The write-up is at https://en.wikipedia.org/wiki/Grace_Hopper (the part about relays)."),
    ("ada", "@grace", "Reading it now. Lunch at one?"),
    ("grace", "@ada", "One is fine. Bring the diagram, and somebody who can draw straight lines."),
    ("grace", "@ada", "And a net."),
)
CHECKLIST = """Launch checklist, third version

 1  Batteries: above 27 V
 2  Cabin fan: on
 3  Guidance: initialised, program 63 loaded
 4  Radar: off
 5  Alarm 1201: continue
 6  Alarm 1202: continue
 7  Radar: on below 10,000 m
 8  Everybody: awake
 9  Radar: off until touchdown
10  Coffee: afterwards
"""
FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "Launch checklist, third version. Please read it as if you were tired.": ("checklist.txt", CHECKLIST.encode),
    "This is how it sounded before the tape:": ("moth.wav", sounds.moth),
    "The picture from the ridge, as promised": ("ridge.png", pictures.hills),
    "Here is how the error rate looks since:": ("errors.png", pictures.chart),
}
REACTIONS = {
    "It was a moth. An actual one, between the contacts of relay 70.": (("ada", "😮"), ("ada", "❤️")),
    "A real bug! Please tape it into the logbook.": (("grace", "👍"),),
    "Undecidable, in general. 😄": (("ada", "😂"), ("grace", "😂"), ("linus", "👀")),
    "Powers of two only.": (("ada", "🎉"), ("margaret", "👍")),
    "That will be quoted for eighty years.": (("grace", "😂"),),
}
