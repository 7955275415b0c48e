/** Live video: frames go out and come back developed, or come in from somebody else; the newest wins. */

const FRAME_MS_MIN = 1000 / 20;
const ANSWER_MS_MAX = 2_000;

/** @param {string} path */
function socketTo(path) {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`);
  socket.binaryType = "blob";
  return socket;
}

/** Show a JPEG on a canvas. @param {HTMLCanvasElement} canvas @param {Blob} jpeg */
async function draw(canvas, jpeg) {
  let picture;
  try {
    picture = await createImageBitmap(jpeg);
  } catch {
    return; // one picture is missing from many
  }
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  picture.close();
}

/** What is sent: at most one frame is on its way, so that what comes back is never late by more than one. */
export class FrameSender {
  #camera;
  #canvas;
  /** @type {WebSocket | null} */
  #socket = null;
  #onEnd;
  #sentAtMs = 0;
  #isUnderway = false;
  #timer = 0;

  /**
   * @param {object} parts
   * @param {import("./camera.js").Camera} parts.camera
   * @param {HTMLCanvasElement | null} parts.canvas where the developed pictures are shown
   * @param {(reason: string) => void} parts.onEnd told once, unless `stop` was called
   */
  constructor({ camera, canvas, onEnd }) {
    this.#camera = camera;
    this.#canvas = canvas;
    this.#onEnd = onEnd;
  }

  /**
   * Publish as `stream`, to `audience` if not to everybody, or with "" only see oneself.
   * @param {{stream?: string, audience?: string, effect?: string}} [look]
   * @returns {Promise<void>} when the line is open; rejects if it is refused
   */
  start({ stream = "", audience = "", effect = "none" } = {}) {
    const query = new URLSearchParams({ effect, ...(stream ? { stream } : {}), ...(audience ? { audience } : {}) });
    const socket = socketTo(`/api/ws/video?${query}`);
    this.#socket = socket;
    socket.onmessage = (message) => this.#hear(message.data);
    return new Promise((resolve, reject) => {
      socket.onopen = () => {
        this.#next();
        resolve();
      };
      socket.onclose = (event) => {
        this.#end();
        reject(new Error(event.reason));
        this.#onEnd(event.reason);
      };
    });
  }

  /** Another effect from the next frame on. @param {{effect: string}} look */
  configure(look) {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ type: "configure", ...look }));
    }
  }

  stop() {
    const socket = this.#socket;
    this.#end();
    if (socket) {
      socket.onclose = socket.onmessage = socket.onopen = null;
      socket.close();
    }
  }

  #end() {
    clearTimeout(this.#timer);
    this.#socket = null;
  }

  /** @param {Blob | string} data */
  #hear(data) {
    this.#isUnderway = false;
    if (typeof data !== "string" && this.#canvas) {
      draw(this.#canvas, data);
    }
    this.#next();
  }

  /** The next frame when its time has come; after a lost answer, when that is overdue. */
  #next() {
    clearTimeout(this.#timer);
    const waitMs = this.#isUnderway ? ANSWER_MS_MAX : FRAME_MS_MIN - (performance.now() - this.#sentAtMs);
    this.#timer = setTimeout(() => this.#send(), Math.max(0, waitMs));
  }

  async #send() {
    const socket = this.#socket;
    this.#sentAtMs = performance.now();
    const picture = await this.#camera.picture();
    if (socket === null || socket !== this.#socket) {
      return;
    }
    this.#isUnderway = picture !== null && socket.readyState === WebSocket.OPEN;
    if (picture !== null && this.#isUnderway) {
      socket.send(picture);
    }
    this.#next();
  }
}

/** What somebody else sends, on a canvas. */
export class StreamWatcher {
  #socket;
  /** @type {Blob | null} */
  #newest = null;
  #isDrawing = false;

  /**
   * @param {object} parts
   * @param {string} parts.stream
   * @param {HTMLCanvasElement} parts.canvas
   * @param {() => void} [parts.onPicture] told of each picture
   * @param {(reason: string) => void} [parts.onEnd] told once, unless `stop` was called
   */
  constructor({ stream, canvas, onPicture = () => {}, onEnd = () => {} }) {
    this.#socket = socketTo(`/api/ws/video/${encodeURIComponent(stream)}`);
    this.#socket.onmessage = ({ data }) => {
      if (typeof data !== "string") {
        this.#newest = data;
        onPicture();
        this.#show(canvas);
      }
    };
    this.#socket.onclose = (event) => onEnd(event.reason);
  }

  stop() {
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
  }

  /** @param {HTMLCanvasElement} canvas */
  async #show(canvas) {
    if (this.#isDrawing) {
      return;
    }
    this.#isDrawing = true;
    while (this.#newest) {
      const picture = this.#newest;
      this.#newest = null;
      await draw(canvas, picture);
    }
    this.#isDrawing = false;
  }
}
