// Fetching for the player: measured, abortable, patient. A lost network is waited out, an expired
// signature is reported, everything else is an error for the caller.

export class HTTPError extends Error {
  /** @param {number} status */
  constructor(status) {
    super(`status ${status}`);
    this.status = status;
  }
  /** The signature has run out, or the session has. */
  get isExpired() { return this.status === 401 || this.status === 403 || this.status === 410; }
}

/** A fetch that the quality control gave up. */
export class TooSlow extends Error {}

/** @param {unknown} error */
export const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";

/**
 * @typedef {{elapsed: number, received: number, total: number}} Progress
 * @param {string} url
 * @param {{range?: import("./playlist.js").ByteRange | null, signal: AbortSignal,
 *   watch?: (progress: Progress) => boolean, stall?: number}} options
 *   watch: returns true to give the fetch up; stall: seconds without a byte before it counts as lost
 * @returns {Promise<{data: Uint8Array, seconds: number}>}
 */
export async function fetchBytes(url, { range = null, signal, watch, stall = 12 }) {
  const control = new AbortController();
  const stop = () => control.abort();
  signal.addEventListener("abort", stop);
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  let received = 0;
  let total = 0;
  let heard = began;
  /** @type {Error | null} */
  let reason = null;
  const timer = setInterval(() => {
    if (performance.now() - heard > stall * 1000) reason = new TypeError("no bytes for too long");
    else if (watch?.({ elapsed: elapsed(), received, total })) reason = new TooSlow();
    if (reason) control.abort();
  }, 200);
  try {
    if (signal.aborted) control.abort();
    const response = await fetch(url, {
      signal: control.signal, credentials: "same-origin",
      headers: range ? { Range: `bytes=${range.start}-${range.start + range.length - 1}` } : {},
    });
    if (!response.ok) throw new HTTPError(response.status);
    total = Number(response.headers.get("Content-Length")) || range?.length || 0;
    /** @type {Uint8Array[]} */
    const chunks = [];
    const reader = response.body?.getReader();
    while (reader) {
      const { done, value } = await reader.read();
      if (done) break;
      heard = performance.now();
      received += value.length;
      chunks.push(value);
    }
    if (total && received < total) throw new TypeError("cut off");
    return { data: joined(chunks, received), seconds: elapsed() };
  } catch (error) {
    throw reason ?? error;
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", stop);
  }
}

/** @param {Uint8Array[]} chunks @param {number} length */
function joined(chunks, length) {
  const data = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    data.set(chunk, offset);
    offset += chunk.length;
  }
  return data;
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 */
export async function fetchText(url, signal) {
  const { data } = await fetchBytes(url, { signal });
  return new TextDecoder().decode(data);
}

/**
 * Waits; sooner when the network comes back.
 * @param {number} seconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pause(seconds, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, seconds * 1000);
    addEventListener("online", done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
