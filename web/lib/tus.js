// Uploads that survive a lost network, a reload and a restart of the server: tus 1.0 (tus.io).
import { APIError, failure, send } from "./api.js";

const chunkBytes = 16 * 1024 * 1024;
const version = { "Tus-Resumable": "1.0.0" };

/** @param {string} text in UTF-8, base64 */
function base64(text) {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}

/** @param {File} file */
const fingerprint = (file) => `sluice.upload.${file.name}.${file.size}.${file.lastModified}`;

/**
 * @typedef {"waiting" | "sending" | "paused" | "retrying" | "done" | "failed"} UploadState
 */
export class Upload {
  /** @type {UploadState} */
  state = "waiting";
  sent = 0;
  /** @type {unknown} */
  error = null;
  /** @type {string | null} the video that these bytes become */
  video = null;
  /** @type {() => void} */
  onchange = () => undefined;
  /** @type {string | null} */
  #url = null;
  #abort = new AbortController();
  /** @type {XMLHttpRequest | null} */
  #request = null;

  /**
   * @param {File} file
   * @param {Record<string, string>} metadata
   */
  constructor(file, metadata) {
    this.file = file;
    this.metadata = metadata;
    /** @type {any} */
    const saved = JSON.parse(localStorage.getItem(fingerprint(file)) ?? "null");
    if (typeof saved?.url === "string" && saved.url.startsWith("/")) {
      this.#url = saved.url;
      this.video = saved.video ?? null;
    }
  }

  /** @param {UploadState} state */
  #become(state) { this.state = state; this.onchange(); }

  pause() {
    if (this.state !== "sending" && this.state !== "retrying" && this.state !== "waiting") return;
    this.#become("paused");
    this.#abort.abort();
    this.#request?.abort();
  }

  /** Starts, or goes on where the server says it stands. */
  async start() {
    if (this.state === "sending" || this.state === "done") return;
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    for (let failures = 0; !signal.aborted;) {
      try {
        this.#become("sending");
        const before = this.sent;
        await this.#attempt(signal);
        if (signal.aborted) return;
        localStorage.removeItem(fingerprint(this.file));
        this.#become("done");
        void before;
        return;
      } catch (error) {
        if (signal.aborted) return;
        const isLasting = error instanceof APIError && error.status >= 400 && error.status < 500
          && ![408, 409, 423, 429].includes(error.status);
        failures += 1;
        if (isLasting || failures > 12) { this.error = error; this.#become("failed"); return; }
        this.#become("retrying");
        const asked = error instanceof APIError ? error.retryAfter : 0;
        await delay(Math.max(asked, Math.min(30, 0.5 * 2 ** failures) * (0.7 + Math.random() * 0.6)), signal);
      }
    }
  }

  /** Gives up and tells the server to forget the bytes. */
  async cancel() {
    this.#abort.abort();
    this.#request?.abort();
    localStorage.removeItem(fingerprint(this.file));
    if (this.#url) await send(this.#url, { method: "DELETE", headers: version }).catch(() => undefined);
  }

  /** @param {AbortSignal} signal */
  async #attempt(signal) {
    if (this.#url) await this.#ask(signal);
    if (!this.#url) await this.#create(signal);
    while (this.sent < this.file.size && !signal.aborted) await this.#sendChunk();
  }

  /** @param {AbortSignal} signal */
  async #create(signal) {
    const metadata = Object.entries({ filename: this.file.name, filetype: this.file.type, ...this.metadata })
      .filter(([, value]) => value !== "").map(([key, value]) => `${key} ${base64(value)}`).join(",");
    const response = await send("/api/uploads", {
      method: "POST", signal,
      headers: { ...version, "Upload-Length": String(this.file.size), "Upload-Metadata": metadata },
    });
    if (!response.ok) throw await failure(response);
    const location = response.headers.get("Location");
    if (!location) throw new APIError(502);
    const url = new URL(location, response.url);
    this.#url = url.pathname + url.search;
    const last = url.pathname.split("/").pop() ?? "";
    this.video = response.headers.get("X-Video-Id") ?? response.headers.get("Upload-Video") ?? last;
    this.sent = 0;
    localStorage.setItem(fingerprint(this.file), JSON.stringify({ url: this.#url, video: this.video }));
  }

  /** @param {AbortSignal} signal */
  async #ask(signal) {
    const response = await send(/** @type {string} */ (this.#url), { method: "HEAD", headers: version, signal });
    if ([403, 404, 410].includes(response.status)) { this.#url = null; this.sent = 0; return; }
    if (!response.ok) throw new APIError(response.status);
    this.sent = Math.min(this.file.size, Number(response.headers.get("Upload-Offset")) || 0);
    this.onchange();
  }

  /** fetch tells nothing of what is on its way, so the bytes go by XMLHttpRequest. */
  #sendChunk() {
    const from = this.sent;
    const chunk = this.file.slice(from, from + chunkBytes);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.#request = request;
      request.open("PATCH", /** @type {string} */ (this.#url));
      request.setRequestHeader("Tus-Resumable", "1.0.0");
      request.setRequestHeader("Upload-Offset", String(from));
      request.setRequestHeader("Content-Type", "application/offset+octet-stream");
      request.upload.onprogress = (event) => { this.sent = from + event.loaded; this.onchange(); };
      request.onload = () => {
        const offset = Number(request.getResponseHeader("Upload-Offset"));
        if (request.status === 204 && offset > from) { this.sent = offset; this.onchange(); resolve(undefined); } else {
          this.sent = from;
          if (request.status === 401) { // the session may have run out on the way: renew it, then retry
            void send("/api/me").then(() => reject(new APIError(408)), reject);
          } else reject(new APIError(request.status === 204 ? 502 : request.status));
        }
      };
      request.onerror = () => { this.sent = from; reject(new APIError(0)); };
      request.onabort = () => { this.sent = from; reject(new APIError(0)); };
      request.send(chunk);
    });
  }
}

/** @param {number} seconds @param {AbortSignal} signal @returns {Promise<void>} */
function delay(seconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, seconds * 1000);
    function done() { clearTimeout(timer); removeEventListener("online", done); resolve(); }
    addEventListener("online", done);
    signal.addEventListener("abort", done, { once: true });
  });
}
