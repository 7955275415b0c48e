"""Texts with anything in them that means something in Markdown, and what is seen of HTML."""

from html.parser import HTMLParser

from hypothesis import strategies as st

from chat_service.domain.markdown import render

PIECES = [
    *"*_`~[]()<>&\\|@#:-+=!\n\r\t \"';./0ab\u4e2d\u202e\u200b\u00a0\u2028\u0085",
    *[
        "~~",
        "||",
        "://",
        "https://a.example",
        "javascript:",
        "1. ",
        "    ",
        "x@y.example",
        "&amp;",
        ":tada:",
        "```",
        "\n\n",
    ],
    *["](", "<script>", 'onclick="', "&#106;", "data:text/html,", "mailto:", "```html\n", "[a]: "],
]
TEXTS = (
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)))
    .map("".join)
    .map(lambda text: text.replace("\0", ""))
)


def shown(text: str) -> str:
    class Text(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.said = ""

        def handle_data(self, data: str) -> None:
            self.said += data

    parser = Text()
    parser.feed(render(text) or "")
    return parser.said
