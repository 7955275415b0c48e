"""What keys and buttons make of a text, and which name is being written: the pure parts of the composer."""

from typing import Any

from playwright.async_api import expect

from tests.browser.conftest import Run
from tests.browser.visitors import Couple

# What is marked stands between « and »; ¦ is where nothing is.
EDITS = [
    ("bold", "a «b» c", "a **«b»** c"),
    ("bold", "a **«b»** c", "a «b» c"),
    ("bold", "a «**b**» c", "a «b» c"),
    ("bold", "a« b »c", "a **«b»** c"),
    ("bold", "¦", "**¦**"),
    ("bold", "**¦**", "¦"),
    ("bold", "**b¦**", "**b**¦"),
    ("bold", "«one\n\ntwo»", "«**one**\n\n**two**»"),
    ("italic", "**«b»**", "***«b»***"),
    ("italic", "***«b»***", "**«b»**"),
    ("bold", "***«b»***", "*«b»*"),
    ("italic", "«*b*»", "«b»"),
    ("strike", "«b»", "~~«b»~~"),
    ("spoiler", "«b»", "||«b»||"),
    ("code", "«b»", "`«b»`"),
    ("code", "`«b»`", "«b»"),
    ("code", "«`b»", "`` «`b» ``"),
    ("code", "a\n«b\nc»", "a\n```\n«b\nc»\n```"),
    ("block", "a¦b", "a\n```\n¦\n```\nb"),
    ("block", "«```»", "````\n«```»\n````"),
    ("list", "a\nb¦", "a\n- b¦"),
    ("list", "«a\nb»", "- «a\n- b»"),
    ("list", "«- a\n- b»", "«a\nb»"),
    ("list", "- ¦a", "¦a"),
    ("quote", "x\n«a\n\nb»", "x\n> «a\n> \n> b»"),
    ("link", "«here»", "[here](«https://»)"),
    ("link", "«https://example.org/a»", "[¦](https://example.org/a)"),
    ("link", "¦", "[¦](https://)"),
    ("break", "a¦b", "a\n¦b"),
    ("break", "a«b»", "a\n¦"),
    ("break", "- a¦", "- a\n- ¦"),
    ("break", "  * a¦b", "  * a\n  * ¦b"),
    ("break", "9. a¦", "9. a\n10. ¦"),
    ("break", "> a¦", "> a\n> ¦"),
    ("break", "> - a¦", "> - a\n> - ¦"),
    ("break", "- a\n- ¦", "- a\n¦"),
    ("break", "> - ¦", "> ¦"),
    ("break", "> ¦", "¦"),
    ("break", "¦- a", "\n¦- a"),
    ("break", "-a¦", "-a\n¦"),
    ("break", "```py¦", "```py\n¦\n```"),
    ("break", "```¦\nx\n```", "```\n¦\nx\n```"),
    ("break", "```\n  x¦\n```", "```\n  x\n  ¦\n```"),
    ("break", "```\n- x¦", "```\n- x\n¦"),
    ("break", "```\nx\n```¦", "```\nx\n```\n¦"),
]
EDITED = """
(editing, {edits}) => edits.map(([format, marked]) => {
  const selection = {
    text: marked.replace(/[«»¦]/g, ""),
    start: marked.search(/[«¦]/),
    end: marked.replace("«", "").search(/[»¦]/),
  };
  const {toggleMark, toggleCode, makeBlock, togglePrefix, makeLink, breakLine} = editing;
  const {text, start, end} = {
    bold: (one) => toggleMark(one, "**"), italic: (one) => toggleMark(one, "*"), strike: (one) => toggleMark(one, "~~"),
    spoiler: (one) => toggleMark(one, "||"), code: toggleCode, block: makeBlock, link: makeLink, break: breakLine,
    list: (one) => togglePrefix(one, "- "), quote: (one) => togglePrefix(one, "> "),
  }[format](selection);
  const inner = start === end ? "¦" : `«${text.slice(start, end)}»`;
  return text.slice(0, start) + inner + text.slice(end);
})
"""
# Up to the end of each: the sign and the query.
TOKENS = [
    ("@", "@", ""),
    ("hello @Gr", "@", "Gr"),
    ("(@grace.h", "@", "grace.h"),
    ("@Zoë", "@", "Zoë"),
    ("||#lob", "#", "lob"),
    ("so :tad", ":", "tad"),
    ("🎉:+1", ":", "+1"),
    ("ada@example", None, None),
    ("a#b", None, None),
    ("# heading", None, None),
    (":t", None, None),
    ("10:30", None, None),
    ("https://x", None, None),
    ("`@ad", None, None),
    ("`a` @ad", "@", "ad"),
    ("```\n@ad", None, None),
    ("```\n```\n@ad", "@", "ad"),
    ("@ada ", None, None),
]
PEOPLE = [
    {"sign": "@", "name": "graham", "called": "Graham", "inserted": "@graham "},
    {"sign": "@", "name": "hopper", "called": "Gràce Hopper", "inserted": "@hopper ", "isNear": True},
    {"sign": "@", "name": "linus", "called": "Linus", "inserted": "@linus ", "isNear": True},
    {"sign": "@", "name": "gra", "called": "Gra", "inserted": "@gra "},
    {"sign": "@", "name": "tele-graph", "called": "", "inserted": "@tele-graph "},
    {"sign": "@", "name": "photograph", "called": "", "inserted": "@photograph "},
]
# What differs, where a half of an emoji does not.
DIFFERENCES = [
    ("abc", "abc", [3, 3, ""]),
    ("abc", "abXc", [2, 2, "X"]),
    ("abc", "ac", [1, 2, ""]),
    ("aa", "aaa", [2, 2, "a"]),
    ("x😀y", "x😁y", [1, 3, "😁"]),
    ("😀😀", "😀", [2, 4, ""]),
]


async def test_keys_and_buttons_edit_markdown(run: Run) -> None:
    made = await run("text_editing", EDITED, {"edits": [edit[:2] for edit in EDITS]})
    for (kind, marked, expected), result in zip(EDITS, made, strict=True):
        assert result == expected, f"{kind}: {marked!r}"


async def test_names_are_found_where_they_are_written_and_ranked(run: Run, couple: Couple) -> None:
    await couple[0].area.press_sequentially("@")  # with which the script comes
    await expect(couple[0].page.locator("#completions [role=option]")).not_to_have_count(0)
    await couple[0].area.fill("")
    function = "({tokenAt}, texts) => texts.map((text) => tokenAt(text, text.length))"
    tokens = await run("completion", function, [text for text, _, _ in TOKENS])
    for (text, sign, query), token in zip(TOKENS, tokens, strict=True):
        assert (token and (token["sign"], token["query"])) == (sign and (sign, query)), text
    ranked = "({ranked}, {people, query}) => ranked(people, query, 4).map(({name}) => name)"

    async def named(query: str) -> Any:
        return await run("completion", ranked, {"people": PEOPLE, "query": query})

    assert await named("gra") == ["hopper", "gra", "graham", "tele-graph"], "those who are near first, then the best"
    assert await named("HOP") == ["hopper"]
    assert await named("zzz") == []


async def test_an_edit_changes_whole_characters_only(run: Run) -> None:
    function = "({difference}, all) => all.map(([before, after]) => Object.values(difference(before, after)))"
    assert await run("text_field", function, [one[:2] for one in DIFFERENCES]) == [one[2] for one in DIFFERENCES]
