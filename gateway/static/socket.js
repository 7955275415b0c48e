/** The connection: comes back by itself, says where it stands, and tells what it hears. */

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 15_000;
const QUIET_MS_MAX = 25_000;
const ANSWER_MS_MAX = 8_000;
const PROBE_MS_MAX = 3_000;
const WATCH_MS = 5_000;
const POSITIONS_MAX = 1_000;
const NEW_CONVERSATION_SEQ_MAX = 50;
const SESSION_ENDED = 4401;
const FLICKER_MS_MAX = 1_000;

/**
 * How long to wait before attempt number `attempt` (from 0): doubled each time, of which half is by chance, so that
 * all who lost the same server do not come back in the same moment.
 */
export function retryDelayMs(attempt, chance = Math.random()) {
  const whole = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** attempt);
  return whole / 2 + (whole / 2) * chance;
}

/**
 * One person's conversations over one WebSocket. Handlers of `state` hear "connecting", "online" and "offline"; those
 * of `another` the name of a conversation that is another one now: what is known of it is of the past. All others hear
 * the events of the protocol by their type.
 */
export class Connection {
  state = "connecting";
  /** The last `seq` dealt with, by conversation. @type {Map<string, number>} */
  positions;
  /** Which conversation those positions are of. @type {Map<string, string>} */
  epochs = new Map();

  #socket = null;
  #handlers = new Map();
  #attempt = 0;
  #retry = 0;
  #heardAtMs = 0;
  #askedAtMs = 0;

  constructor(positions = new Map()) {
    this.positions = positions;
  }

  on(type, handler) {
    this.#handlers.set(type, [...(this.#handlers.get(type) ?? []), handler]);
  }

  /** Begin, and stay connected as long as the page lives. */
  open() {
    setInterval(() => this.#watch(), WATCH_MS);
    addEventListener("online", () => this.#hurry());
    addEventListener("offline", () => this.#probe());
    addEventListener("pageshow", (event) => event.persisted && this.#hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#hurry());
    this.#connect();
  }

  /** Send a command if the line is up: whether it went out. It has arrived when its answer is here, not before. */
  send(command) {
    return this.state === "online" && this.#transmit(command);
  }

  #transmit(command) {
    if (this.#socket?.readyState !== WebSocket.OPEN) {
      return false;
    }
    this.#socket.send(JSON.stringify(command));
    return true;
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    this.#setState("connecting");
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    this.#socket = socket;
    this.#heardAtMs = performance.now();
    this.#askedAtMs = 0;
    socket.onmessage = (message) => this.#hear(JSON.parse(message.data));
    socket.onclose = (event) => this.#lost(event.code);
  }

  #hear(event) {
    this.#heardAtMs = performance.now();
    this.#askedAtMs = 0;
    if (event.type === "ready") {
      this.#resume(event.positions, event.epochs);
    }
    this.#compare(event);
    this.#dispatch(event.type, event);
    this.#advance(event);
    if (event.type === "resumed") {
      this.#attempt = 0;
      this.#setState("online");
    }
  }

  /** Say where this page stands. What it does not know is new, and short; or was never shown here, and long. */
  #resume(known, epochs) {
    for (const [conversation, seq] of Object.entries(known)) {
      if (!this.positions.has(conversation)) {
        this.positions.set(conversation, seq > NEW_CONVERSATION_SEQ_MAX ? seq : 0);
        this.#setEpoch(conversation, epochs?.[conversation]);
      }
    }
    const positions = Object.fromEntries([...this.positions].slice(0, POSITIONS_MAX));
    // Those that are still the same need no saying: a frame is soon full. A service that tells none would refuse them.
    const others = [...this.epochs].filter(([name, mine]) => name in positions && mine !== (epochs?.[name] ?? mine));
    this.#transmit({ type: "resume", positions, ...(others.length ? { epochs: Object.fromEntries(others) } : {}) });
  }

  /** What the event says about epochs: live by `joined`, and by `resumed` for all that came before it. */
  #compare({ type, conversation, epoch, epochs, seq }) {
    if (type === "joined" && this.state === "online" && this.#setEpoch(conversation, epoch)) {
      this.positions.set(conversation, seq - 1);
      this.#dispatch("another", conversation);
    }
    for (const [name, its] of Object.entries(type === "resumed" ? (epochs ?? {}) : {})) {
      if (this.#setEpoch(name, its)) {
        this.#dispatch("another", name);
      }
    }
  }

  /** Whether it was another before. */
  #setEpoch(conversation, epoch) {
    const before = this.epochs.get(conversation);
    if (epoch) {
      this.epochs.set(conversation, epoch);
    }
    return Boolean(epoch && before && before !== epoch);
  }

  #advance(event) {
    const { conversation, seq } = event;
    if (conversation && seq > (this.positions.get(conversation) ?? 0)) {
      this.positions.set(conversation, seq);
    }
    for (const [name, reached] of Object.entries(event.type === "resumed" ? event.positions : {})) {
      const before = event.truncated.includes(name) ? 0 : (this.positions.get(name) ?? 0);
      this.positions.set(name, Math.max(reached, before));
    }
  }

  #dispatch(type, value) {
    for (const handler of this.#handlers.get(type) ?? []) {
      handler(value);
    }
  }

  #setState(state) {
    if (state !== this.state) {
      this.state = state;
      this.#dispatch("state", state);
    }
  }

  #lost(code) {
    this.#socket = null;
    this.#setState("offline");
    if (code === SESSION_ENDED && leaveOnce()) {
      return;
    }
    if (this.#attempt > 0) {
      this.#checkSession();
    }
    this.#retry = setTimeout(() => this.#connect(), retryDelayMs(this.#attempt));
    this.#attempt += 1;
  }

  /** A browser does not tell why a handshake was refused: ask in a way whose answer can be read. */
  async #checkSession() {
    try {
      const answer = await fetch("/api/user-profile", { cache: "no-store" });
      if (answer.status === 401) {
        leaveOnce();
      }
    } catch {
      // No answer: the line is down, and the next attempt is on its way.
    }
  }

  /** A server that went without a word, or a line that broke silently, is noticed by asking. */
  #watch() {
    const now = performance.now();
    if (this.#socket === null || now - this.#heardAtMs < QUIET_MS_MAX) {
      return;
    }
    if (this.#askedAtMs && now - this.#askedAtMs > ANSWER_MS_MAX) {
      this.#drop();
    } else if (!this.#askedAtMs) {
      this.#ask();
    }
  }

  #ask() {
    if (!this.#transmit({ type: "ping" })) {
      this.#drop();
      return;
    }
    this.#askedAtMs = performance.now();
  }

  /** The network came back, or the reader did: do not wait any longer. */
  #hurry() {
    if (this.#retry) {
      this.#attempt = 0;
      this.#connect();
    } else {
      this.#probe();
    }
  }

  #probe() {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) {
      return;
    }
    this.#ask();
    const askedAtMs = performance.now();
    setTimeout(() => {
      if (this.#socket === socket && this.#heardAtMs < askedAtMs) {
        this.#drop();
      }
    }, PROBE_MS_MAX);
  }

  /** Give up a socket without waiting for a goodbye that may never come. */
  #drop() {
    const socket = this.#socket;
    if (socket !== null) {
      socket.onmessage = socket.onclose = null;
      socket.close();
      this.#lost(1006);
    }
  }
}

/** Load the page anew, which leads to the sign-in; not twice within seconds, should that not be the cure. */
function leaveOnce() {
  const last = Number(sessionStorage.getItem("parley.left_at") ?? 0);
  if (Date.now() - last < 10_000) {
    return false;
  }
  sessionStorage.setItem("parley.left_at", String(Date.now()));
  location.reload();
  return true;
}

/** The visible state: nothing while all is well, and no flicker for a short gap. */
export function showConnection(connection, element, words) {
  let later = 0;
  const change = (state) => {
    clearTimeout(later);
    element.dataset.state = state;
    const show = () => {
      element.textContent = words[state] ?? "";
      element.hidden = state === "online";
      if (!element.hidden && element.offsetParent === null) {
        // On a phone the list, and its head, are another view.
        document.querySelector("main > header .titles, main > h1")?.after(element);
      }
    };
    if (state === "connecting" && element.hidden) {
      later = setTimeout(show, FLICKER_MS_MAX);
    } else {
      show();
    }
  };
  change(connection.state);
  connection.on("state", change);
}
