"""The promise at its smallest: each event of a conversation passes once and in order, whatever the channel does."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chat_service.domain.conversations import Label
from chat_service.domain.events import EncodedEvent
from chat_service.domain.places import Place
from chat_service.domain.readers import Reader

GRACE = Label("@Grace")
LABELS = (GRACE, Label("@Linus"))
PAGE = 2


def ends(positions: dict[Label, int]) -> dict[Label, Place]:
    return {label: Place(seq, "1.1", 0) for label, seq in positions.items()}


class Recorder:
    """A connection that keeps what it is sent."""

    def __init__(self, positions: dict[Label, int]) -> None:
        self.started_at = dict(positions)
        self.events: list[bytes] = []

    def send_event(self, label: Label | None, event: EncodedEvent) -> None:
        self.events.append(event.json)


def event(label: Label, seq: int) -> bytes:
    return f"{label.text} {seq}".encode()


class AnyInterleaving(RuleBasedStateMachine):
    """A store, a channel that loses, doubles and reorders, and a reader that is brought up to date from the store.

    Catching up runs as `CatchUp` runs it: begun when the reader says so, in pages, with anything in between.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reader = Reader("Ada")
        self.stored = dict.fromkeys(LABELS, 0)
        self.channel: list[tuple[Label, int, bytes]] = []
        self.lossy: set[Label] = set()
        self.is_catching_up = False
        self.page: list[tuple[Label, int]] | None = None
        self.snapshot: dict[Label, int] | None = None
        self.connections: list[Recorder] = []

    @initialize(grace=st.integers(0, 3), linus=st.integers(0, 3))
    def start_with_a_history(self, grace: int, linus: int) -> None:
        self.stored.update(zip(LABELS, (grace, linus), strict=True))

    # Others write, and the channel does as it likes

    @rule(label=st.sampled_from(LABELS))
    def write(self, label: Label) -> None:
        self.stored[label] += 1
        self.channel.append((label, self.stored[label], event(label, self.stored[label])))

    @precondition(lambda self: self.channel)
    @rule(data=st.data(), again=st.booleans())
    def arrive(self, data: st.DataObject, *, again: bool) -> None:
        at = data.draw(st.integers(0, len(self.channel) - 1))
        self._take(*self.channel[at])
        if not again:
            del self.channel[at]

    @precondition(lambda self: self.channel)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        label, _, _ = self.channel.pop(data.draw(st.integers(0, len(self.channel) - 1)))
        self.lossy.add(label)

    @rule(label=st.sampled_from(LABELS))
    def nudge(self, label: Label) -> None:
        self._take(label, self.stored[label], b"") if self.stored[label] else None

    @precondition(lambda self: self.reader.is_loaded)
    @rule()
    def reconnect(self) -> None:
        for label, seq in self.stored.items():
            self.reader.fall_behind(label, seq)
        self.is_catching_up |= bool(self.reader.behind)

    # The reader is loaded, and catches up

    @precondition(lambda self: not self.reader.is_loaded)
    @rule()
    def read_positions(self) -> None:
        self.snapshot = dict(self.stored)

    @precondition(lambda self: self.snapshot is not None and not self.reader.is_loaded)
    @rule()
    def load(self) -> None:
        assert self.snapshot is not None
        self.is_catching_up |= self.reader.load(ends(self.snapshot))
        self.connect()

    @precondition(lambda self: self.is_catching_up and self.page is None and self.reader.behind)
    @rule()
    def read_page(self) -> None:
        label = next(iter(self.reader.behind))
        first = self.reader.positions.get(label, 0) + 1
        last = min(self.reader.behind[label], self.stored[label], first + PAGE - 1)
        self.page = [(label, seq) for seq in range(first, last + 1)]

    @precondition(lambda self: self.page is not None)
    @rule()
    def pass_page_on(self) -> None:
        assert self.page
        for label, seq in self.page:
            self.reader.catch_up(label, seq, EncodedEvent(event(label, seq)))
        self.reader.caught_up(self.page[0][0])
        self.page = None
        self.is_catching_up = bool(self.reader.behind)

    # Connections

    @precondition(lambda self: self.reader.is_loaded)
    @rule()
    def connect(self) -> None:
        connection = Recorder(self.reader.positions)
        self.connections.append(connection)
        self.reader.connections.append(connection)

    def _take(self, label: Label, seq: int, payload: bytes) -> None:
        self.is_catching_up |= self.reader.take(label, seq, EncodedEvent(payload) if payload else None)

    # Quiet

    @precondition(lambda self: self.reader.is_loaded)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        """When all that is on its way has come, in any order, nothing is missing but what was lost."""
        for envelope in data.draw(st.permutations(self.channel)):
            self._take(*envelope)
        self.channel.clear()
        self._catch_up()
        for label in LABELS:
            if label not in self.lossy:
                assert self.reader.positions.get(label, 0) == self.stored[label], "nothing was lost, but not all came"

    # The promise

    @invariant()
    def each_connection_has_everything_up_to_the_reader_once_and_in_order(self) -> None:
        for connection in self.connections:
            for label in LABELS:
                got = [told for told in connection.events if label.text.encode() in told]
                first, last = connection.started_at.get(label, 0) + 1, self.reader.positions.get(label, 0)
                assert got == [event(label, seq) for seq in range(first, last + 1)]

    def teardown(self) -> None:
        if not self.reader.is_loaded:
            self.read_positions()
            self.load()
        self.reconnect()
        self._catch_up()
        assert {label: self.reader.positions.get(label, 0) for label in LABELS} == self.stored
        assert not self.reader.behind
        self.each_connection_has_everything_up_to_the_reader_once_and_in_order()

    def _catch_up(self) -> None:
        while self.is_catching_up or self.page:
            if self.page is None:
                self.read_page()
            self.pass_page_on()


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_what_came_over_the_channel_while_the_store_was_read_is_caught_up_with() -> None:
    for read, is_behind in ((1, True), (2, False), (3, False)):
        reader = Reader("Ada")
        assert not reader.take(GRACE, 2, EncodedEvent(b"before the store has answered"))
        assert reader.load(ends({GRACE: read})) is is_behind
        assert reader.behind == ({GRACE: 2} if is_behind else {})


def test_what_is_not_kept_passes_at_once_to_each_connection_and_moves_nothing() -> None:
    reader, one, other = Reader("Ada"), Recorder({}), Recorder({})
    reader.load(ends({GRACE: 3}))
    reader.connections += [one, other]
    assert not reader.take(GRACE, 0, EncodedEvent(b"presence"))
    assert one.events == other.events == [b"presence"]
    assert reader.positions == {GRACE: 3}


def test_a_connection_that_leaves_while_it_is_sent_to_takes_nothing_from_the_others() -> None:
    reader = Reader("Ada")
    reader.load({})

    class Full(Recorder):
        def send_event(self, label: Label | None, event: EncodedEvent) -> None:
            reader.connections.remove(self)

    other = Recorder({})
    reader.connections += [Full({}), other]
    reader.take(GRACE, 1, EncodedEvent(b"hello"))
    assert other.events == [b"hello"]
