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
const ABNORMAL_CLOSURE = 1006; // RFC 6455, 7.4.1
const RELOAD_MS_MIN = 10_000;
const LEAVING_MS_MAX = 10_000;

/** @typedef {"connecting" | "online" | "offline"} ConnectionState */
/** @typedef {Api.Events & {state: ConnectionState, another: Api.Label}} ConnectionEvents */
/** @typedef {{[Type in keyof Api.Events]: Api.Events[Type] & {type: Type}}[keyof Api.Events]} ServerEvent */

/**
 * How long to wait before attempt number `attempt` (from 0): doubled each time, of which half is by chance, so that
 * all who lost the same server do not come back in the same moment.
 * @param {number} attempt
 * @param {number} chance 0 to 1
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
  /** @type {ConnectionState} */
  state = "connecting";
  /** The last `seq` dealt with, by conversation. @type {Map<Api.Label, number>} */
  positions = new Map();
  /** Which conversation those positions are of. @type {Map<Api.Label, string>} */
  epochs = new Map();

  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Map<string, ((value: any) => void)[]>} */
  #handlers = new Map();
  #attempt = 0;
  #retry = 0;
  #heardAtMs = 0;
  #askedAtMs = 0;
  #isLeaving = false;

  /**
   * @template {keyof ConnectionEvents} Type
   * @param {Type} type
   * @param {(value: ConnectionEvents[Type]) => void} handler
   */
  on(type, handler) {
    this.#handlers.set(type, [...(this.#handlers.get(type) ?? []), handler]);
  }

  /** Begin, and stay connected as long as the page lives. */
  open() {
    setInterval(() => this.#watch(), WATCH_MS);
    addEventListener("online", () => this.hurry());
    addEventListener("offline", () => this.#probe());
    addEventListener("pageshow", (event) => event.persisted && this.hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry());
    this.#connect();
  }

  /** The page goes to sign out, if nothing stops it: that its session ends is no reason to load it anew. */
  leave() {
    this.#isLeaving = true;
    setTimeout(() => (this.#isLeaving = false), LEAVING_MS_MAX);
  }

  /**
   * Send a command if the line is up: whether it went out. It has arrived when its answer is here, not before.
   * @param {object} command
   */
  send(command) {
    return this.state === "online" && this.#transmit(command);
  }

  /** The network came back, or the reader did: do not wait any longer. */
  hurry() {
    if (this.#retry) {
      this.#attempt = 0;
      this.#connect();
    } else {
      this.#probe();
    }
  }

  /** @param {object} command */
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

  /** @param {ServerEvent} event */
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

  /**
   * Say where this page stands. What it does not know is new, and short; or was never shown here, and long.
   * @param {Record<Api.Label, number>} known
   * @param {Record<Api.Label, string>} [epochs]
   */
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

  /**
   * What the event says about epochs: live by `joined`, and by `resumed` for all that came before it.
   * @param {ServerEvent} event
   */
  #compare(event) {
    if (event.type === "joined" && this.state === "online" && this.#setEpoch(event.conversation, event.epoch)) {
      this.positions.set(event.conversation, event.seq - 1);
      this.#dispatch("another", event.conversation);
    }
    for (const [name, epoch] of Object.entries(event.type === "resumed" ? (event.epochs ?? {}) : {})) {
      if (this.#setEpoch(name, epoch)) {
        this.#dispatch("another", name);
      }
    }
  }

  /**
   * Whether it was another before.
   * @param {Api.Label} conversation
   * @param {string | undefined} epoch
   */
  #setEpoch(conversation, epoch) {
    const before = this.epochs.get(conversation);
    if (epoch) {
      this.epochs.set(conversation, epoch);
    }
    return Boolean(epoch && before && before !== epoch);
  }

  /** @param {ServerEvent} event */
  #advance(event) {
    if ("seq" in event && event.seq > (this.positions.get(event.conversation) ?? 0)) {
      this.positions.set(event.conversation, event.seq);
    }
    if (event.type === "resumed") {
      for (const [name, reached] of Object.entries(event.positions)) {
        const before = event.truncated.includes(name) ? 0 : (this.positions.get(name) ?? 0);
        this.positions.set(name, Math.max(reached, before));
      }
    }
  }

  /**
   * @template {keyof ConnectionEvents} Type
   * @param {Type} type
   * @param {ConnectionEvents[Type]} value
   */
  #dispatch(type, value) {
    for (const handler of this.#handlers.get(type) ?? []) {
      handler(value);
    }
  }

  /** @param {ConnectionState} state */
  #setState(state) {
    if (state !== this.state) {
      this.state = state;
      this.#dispatch("state", state);
    }
  }

  /** @param {number} code */
  #lost(code) {
    this.#socket = null;
    this.#setState("offline");
    if (code === SESSION_ENDED && !this.#isLeaving && reloadOnce()) {
      return;
    }
    if (this.#attempt > 0 && !this.#isLeaving) {
      checkSession();
    }
    this.#retry = setTimeout(() => this.#connect(), retryDelayMs(this.#attempt));
    this.#attempt += 1;
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
      this.#lost(ABNORMAL_CLOSURE);
    }
  }
}

/** A browser does not tell why a handshake was refused: ask in a way whose answer can be read. */
async function checkSession() {
  try {
    const answer = await fetch("/api/user-profile", { cache: "no-store" });
    if (answer.status === 401) {
      reloadOnce();
    }
  } catch {
    // No answer: the line is down, and the next attempt is on its way.
  }
}

/** Load the page anew, which leads to the sign-in; not twice within seconds, should that not be the cure. */
function reloadOnce() {
  const last = Number(sessionStorage.getItem("parley.left_at") ?? 0);
  if (Date.now() - last < RELOAD_MS_MIN) {
    return false;
  }
  sessionStorage.setItem("parley.left_at", String(Date.now()));
  location.reload();
  return true;
}
