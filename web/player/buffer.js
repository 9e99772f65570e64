// One SourceBuffer, its operations in order, and room made when the browser runs out of it.

export class BufferQueue {
  #source;
  #mediaSource;
  /** @type {Promise<unknown>} */
  #tail = Promise.resolve();
  #type;

  /**
   * @param {MediaSource} mediaSource
   * @param {string} type
   */
  constructor(mediaSource, type) {
    this.#mediaSource = mediaSource;
    this.#type = type;
    this.#source = mediaSource.addSourceBuffer(type);
    this.#source.mode = "segments";
  }

  get ranges() {
    try { return this.#source.buffered; } catch { return null; } // detached after an error
  }

  /**
   * The end of what is buffered without a hole from `time` on, or `time` itself.
   * @param {number} time
   */
  endFrom(time) {
    const ranges = this.ranges;
    let end = time;
    for (let index = 0; ranges && index < ranges.length; index += 1) {
      if (ranges.start(index) <= end + 0.3 && ranges.end(index) > end) end = ranges.end(index);
    }
    return end;
  }

  /** @param {() => void} operation @returns {Promise<void>} */
  #run(operation) {
    const next = this.#tail.then(() => new Promise((resolve, reject) => {
      if (this.#mediaSource.readyState === "closed") throw new DOMException("closed", "AbortError");
      const finish = (/** @type {Event} */ event) => {
        this.#source.removeEventListener("updateend", finish);
        this.#source.removeEventListener("error", finish);
        if (event.type === "error") reject(new Error("the browser refused the media"));
        else resolve(undefined);
      };
      this.#source.addEventListener("updateend", finish);
      this.#source.addEventListener("error", finish);
      try {
        operation();
        if (!this.#source.updating) finish(new Event("updateend"));
      } catch (error) {
        this.#source.removeEventListener("updateend", finish);
        this.#source.removeEventListener("error", finish);
        reject(error);
      }
    }));
    this.#tail = next.catch(() => undefined);
    return /** @type {Promise<void>} */ (next);
  }

  /**
   * Appends, evicting what was watched first when the browser is out of room.
   * @param {Uint8Array} data
   * @param {number} now the playback position
   * @returns {Promise<boolean>} false when there is no room even so: wait and offer it again
   */
  async append(data, now) {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      try {
        await this.#run(() => this.#source.appendBuffer(data));
        return true;
      } catch (error) {
        if (!(error instanceof DOMException) || error.name !== "QuotaExceededError") throw error;
        const kept = attempt === 0 ? 4 : 1;
        await this.remove(0, now - kept);
        await this.remove(now + 60, Infinity);
      }
    }
    return false;
  }

  /** @param {number} from @param {number} to */
  async remove(from, to) {
    if (!(to > from)) return;
    await this.#run(() => { if ((this.ranges?.length ?? 0) > 0) this.#source.remove(from, to); });
  }

  /** @param {string} type */
  async change(type) {
    if (type === this.#type) return;
    await this.#run(() => this.#source.changeType(type));
    this.#type = type;
  }

  /** Ends a half-parsed segment, so that the next one starts clean. */
  async reset() {
    await this.#run(() => { if (this.#mediaSource.readyState === "open") this.#source.abort(); });
  }

  get idle() { return this.#tail; }
}
