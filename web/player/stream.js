// Plays an HLS ladder of CMAF into a <video> by Media Source Extensions: one loop per kind of media
// fetches the next segment that the buffer lacks. Everything that fails on the way is retried here;
// what cannot be is told by `onfatal`.
import { choose, Throughput, tooSlow } from "./abr.js";
import { BufferQueue } from "./buffer.js";
import { fetchBytes, fetchText, HTTPError, isAbort, pause, TooSlow } from "./loader.js";
import { parseMaster, parseMedia, segmentAt } from "./playlist.js";

/**
 * @typedef {import("./playlist.js").Variant} Variant
 * @typedef {import("./playlist.js").MediaPlaylist} MediaPlaylist
 * @typedef {import("./playlist.js").Segment} Segment
 * @typedef {{kind: "video" | "audio", buffer: BufferQueue, init: string, last: number, failures: number,
 *   starved: boolean, complete: boolean, wake: AbortController}} Track
 * @typedef {{levels: () => void, switched: () => void, waiting: (offline: boolean) => void,
 *   fatal: (reason: "network" | "media" | "unsupported") => void,
 *   expired: () => Promise<string | null>}} StreamEvents
 */

const forwardSeconds = 30;
const backSeconds = 30;
const mediaErrorsMax = 4;

/** @param {string} url without what changes at every signing */
const stable = (url) => new URL(url, location.href).pathname;
const isAudio = (/** @type {string} */ codec) => /^(mp4a|opus|ac-3|ec-3|fLaC)/i.test(codec);

export class Stream {
  #video;
  #events;
  #abort = new AbortController();
  #mediaSource = new MediaSource();
  #objectURL = "";
  #throughput = new Throughput();
  /** @type {import("./playlist.js").MasterPlaylist} */
  #master = { variants: [], renditions: [] };
  #masterURL = "";
  #masterRead = 0;
  /** @type {Map<string, {playlist: MediaPlaylist, read: number}>} by path */
  #playlists = new Map();
  /** @type {Track[]} */
  #tracks = [];
  /** @type {Promise<boolean> | null} */
  #renewing = null;
  #renewals = 0;
  #mediaErrors = 0;
  #banned = new Set();
  #capacity = forwardSeconds;
  #pinned = -1;
  #current = -1;
  #offline = false;
  #startAt = 0;
  #growing = false;
  /** The server is still making the ladder: look for new rungs now and then. */
  unfinished = false;
  switches = 0;
  aborted = 0;
  recoveries = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {StreamEvents} events
   */
  constructor(video, events) {
    this.#video = video;
    this.#events = events;
    video.addEventListener("seeking", this.#onSeek);
    video.addEventListener("error", this.#onError);
    video.addEventListener("waiting", this.#onWaiting);
    video.addEventListener("timeupdate", this.#onTime);
  }

  static get isSupported() { return "MediaSource" in globalThis; }

  /** Rungs, lowest first. */
  get levels() { return this.#master.variants; }
  get current() { return this.#current; }
  get pinned() { return this.#pinned; }
  get bandwidth() { return this.#throughput.estimate; }
  get isGrowing() { return this.#growing; }
  get renditions() { return this.#master.renditions; }

  get bufferAhead() {
    const ends = this.#tracks.map((track) => track.buffer.endFrom(this.#video.currentTime));
    return ends.length === 0 ? 0 : Math.max(0, Math.min(...ends) - this.#video.currentTime);
  }

  /**
   * @param {string} url of the master playlist
   * @param {number} [startAt] seconds
   */
  async load(url, startAt = 0) {
    this.#masterURL = new URL(url, location.href).href;
    this.#startAt = startAt;
    try {
      await this.#readMaster();
      if (this.#master.variants.length === 0) { this.#events.fatal("unsupported"); return; }
      await this.#attach();
    } catch (error) {
      if (!isAbort(error) && !this.#abort.signal.aborted) this.#fatal(error);
    }
  }

  destroy() {
    this.#abort.abort();
    for (const track of this.#tracks) track.wake.abort();
    this.#video.removeEventListener("seeking", this.#onSeek);
    this.#video.removeEventListener("error", this.#onError);
    this.#video.removeEventListener("waiting", this.#onWaiting);
    this.#video.removeEventListener("timeupdate", this.#onTime);
    if (this.#objectURL) URL.revokeObjectURL(this.#objectURL);
  }

  /**
   * Holds one rung, or −1 for automatic choice. Takes effect within seconds: what was fetched ahead is dropped.
   * @param {number} index
   */
  pin(index) {
    this.#pinned = index;
    const track = this.#tracks.find((each) => each.kind === "video");
    if (!track || index < 0 || index === this.#current) return;
    track.wake.abort();
    track.last = -1;
    track.complete = false;
    void track.buffer.remove(this.#video.currentTime + 3, Infinity).catch(() => undefined);
  }

  /** Tries again at once, after a fatal network error or on request. */
  retry() {
    for (const track of this.#tracks) { track.failures = 0; track.wake.abort(); }
  }

  // Playlists

  async #readMaster() {
    const text = await this.#patiently(() => fetchText(this.#masterURL, this.#abort.signal));
    const master = parseMaster(text, this.#masterURL);
    const playable = master.variants.filter((each) => this.#isPlayable(each));
    const withPicture = playable.filter((each) => each.height > 0);
    master.variants = (withPicture.length > 0 ? withPicture : playable)
      .sort((a, b) => a.bandwidth - b.bandwidth);
    const was = this.#master.variants[this.#current];
    const held = this.#master.variants[this.#pinned];
    const count = this.#master.variants.length;
    this.#master = master;
    this.#masterRead = performance.now();
    const find = (/** @type {Variant | undefined} */ old) =>
      old ? master.variants.findIndex((each) => stable(each.url) === stable(old.url)) : -1;
    this.#current = find(was);
    this.#pinned = find(held);
    if (count !== master.variants.length) this.#events.levels();
  }

  /** @param {Variant} variant */
  #isPlayable(variant) {
    if (this.#banned.has(stable(variant.url))) return false;
    return variant.codecs.length === 0
      || MediaSource.isTypeSupported(`video/mp4; codecs="${variant.codecs.join(", ")}"`);
  }

  /** @param {string} url @returns {Promise<MediaPlaylist>} */
  async #playlist(url) {
    const key = stable(url);
    const known = this.#playlists.get(key);
    const age = known ? (performance.now() - known.read) / 1000 : Infinity;
    if (known && (known.playlist.ended || age < Math.min(known.playlist.target / 2, 2))) {
      return known.playlist;
    }
    const playlist = parseMedia(await fetchText(url, this.#abort.signal), url);
    this.#playlists.set(key, { playlist, read: performance.now() });
    this.#growing = !playlist.ended;
    this.#setDuration(playlist.duration);
    return playlist;
  }

  /** @param {number} seconds */
  #setDuration(seconds) {
    const source = this.#mediaSource;
    const updating = () => [...source.sourceBuffers].some((each) => each.updating);
    if (source.readyState !== "open" || !(seconds > (source.duration || 0))) return;
    if (updating()) {
      void Promise.all(this.#tracks.map((track) => track.buffer.idle)).then(() => {
        if (source.readyState === "open" && !updating() && seconds > (source.duration || 0)) {
          source.duration = seconds;
        }
      });
    } else {
      source.duration = seconds;
    }
  }

  // Start and restart

  async #attach() {
    const source = new MediaSource();
    this.#mediaSource = source;
    if (this.#objectURL) URL.revokeObjectURL(this.#objectURL);
    this.#objectURL = URL.createObjectURL(source);
    const opened = new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
    this.#video.src = this.#objectURL;
    await opened;
    if (this.#abort.signal.aborted) return;
    const first = this.#master.variants[0];
    if (!first) return;
    const audio = this.#audioURL(first);
    const own = first.codecs.filter((codec) => !isAudio(codec));
    const sound = first.codecs.filter(isAudio);
    this.#tracks = [this.#track("video", first.height === 0 || !audio ? first.codecs : own)];
    if (audio && first.height > 0) this.#tracks.push(this.#track("audio", sound));
    if (this.#startAt > 0) this.#video.currentTime = this.#startAt;
    for (const track of this.#tracks) void this.#run(track, source);
  }

  /** @param {"video" | "audio"} kind @param {string[]} codecs @returns {Track} */
  #track(kind, codecs) {
    const list = codecs.length > 0 ? codecs.join(", ") : kind === "audio" ? "mp4a.40.2" : "avc1.640028";
    const onlySound = codecs.length > 0 && codecs.every(isAudio);
    const type = `${onlySound || kind === "audio" ? "audio" : "video"}/mp4; codecs="${list}"`;
    return {
      kind, buffer: new BufferQueue(this.#mediaSource, type), init: "", last: -1, failures: 0,
      starved: false, complete: false, wake: new AbortController(),
    };
  }

  /** @param {Variant} variant the sound that goes with it, when it is apart */
  #audioURL(variant) {
    const group = this.#master.renditions.filter((each) =>
      each.type === "AUDIO" && each.group === variant.audio && each.url);
    return (group.find((each) => each.isDefault) ?? group[0])?.url ?? null;
  }

  // The loop

  /** @param {Track} track @param {MediaSource} source */
  async #run(track, source) {
    while (!this.#abort.signal.aborted && this.#mediaSource === source) {
      if (track.wake.signal.aborted) track.wake = new AbortController();
      try {
        const wait = await this.#step(track);
        if (track.failures > 0) { track.failures = 0; this.#setOffline(false); }
        if (wait > 0) await pause(wait, track.wake.signal);
      } catch (error) {
        if (this.#abort.signal.aborted || this.#mediaSource !== source) return;
        if (isAbort(error)) continue; // a seek or a pin woke it
        if (error instanceof TooSlow) { this.aborted += 1; continue; }
        if (!(await this.#recover(track, error))) return;
      }
    }
  }

  /** @param {Track} track @returns {Promise<number>} seconds to wait before the next step */
  async #step(track) {
    const now = this.#video.seeking || this.#video.readyState > 0
      ? this.#video.currentTime : this.#startAt;
    const end = track.buffer.endFrom(now);
    const ahead = end - now;
    if (ahead >= this.#capacity) { await this.#trim(track, now); return 0.5; }

    const index = track.kind === "video" ? this.#choose(ahead) : this.#current;
    const variant = this.#master.variants[Math.max(0, index)];
    if (!variant) return 1;
    const url = track.kind === "audio" ? this.#audioURL(variant) : variant.url;
    if (!url) return 1;
    const playlist = await this.#playlist(url);
    if (!playlist.ended) this.unfinished = true;
    // New rungs may come even after this one is complete.
    if (this.unfinished && performance.now() - this.#masterRead > 6000) await this.#readMaster();

    const segment = this.#next(track, playlist, end, ahead);
    if (!segment) return this.#atEnd(track, playlist);
    track.complete = false;
    await this.#fetch(track, segment, Math.max(0, index), ahead);
    return 0;
  }

  /** @param {number} ahead */
  #choose(ahead) {
    if (this.#pinned >= 0) return this.#pinned;
    const small = this.#video.clientHeight > 0 ? this.#video.clientHeight * devicePixelRatio : 0;
    let rates = this.#master.variants.map((each) => each.bandwidth);
    if (small > 0 && matchMedia("(max-width: 700px)").matches) {
      // On a phone nobody sees more lines than the screen has; keep one rung above them.
      const enough = this.#master.variants.findIndex((each) => each.height >= small);
      if (enough >= 0) rates = rates.slice(0, enough + 1);
    }
    return choose({
      rates, current: this.#current, bandwidth: this.#throughput.estimate, buffer: ahead, duration: 4,
    });
  }

  /**
   * @param {Track} track @param {MediaPlaylist} playlist @param {number} end @param {number} ahead
   * @returns {Segment | null}
   */
  #next(track, playlist, end, ahead) {
    // What is buffered may end a few frames short of what the playlist says: step over that.
    const slack = ahead > 0 ? 0.3 : 0.02;
    const found = segmentAt(playlist, end + slack);
    if (found && found.sequence === track.last) {
      return playlist.segments[playlist.segments.indexOf(found) + 1] ?? null;
    }
    return found;
  }

  /** @param {Track} track @param {MediaPlaylist} playlist */
  #atEnd(track, playlist) {
    track.complete = playlist.ended;
    const source = this.#mediaSource;
    if (playlist.ended && source.readyState === "open" && this.#tracks.every((each) => each.complete)) {
      void Promise.all(this.#tracks.map((each) => each.buffer.idle)).then(() => {
        const still = this.#tracks.every((each) => each.complete);
        const busy = [...source.sourceBuffers].some((each) => each.updating);
        if (source.readyState === "open" && still && !busy) source.endOfStream();
      });
    }
    return playlist.ended ? 1 : Math.min(2, Math.max(0.5, playlist.target / 2));
  }

  /** @param {Track} track @param {Segment} segment @param {number} index @param {number} ahead */
  async #fetch(track, segment, index, ahead) {
    const signal = track.wake.signal;
    const key = `${stable(segment.init?.url ?? "")}@${segment.init?.range?.start ?? 0}`;
    if (segment.init && track.init !== key) {
      const { data } = await fetchBytes(segment.init.url, { range: segment.init.range, signal });
      if (track.kind === "video") {
        const codecs = this.#master.variants[index]?.codecs ?? [];
        const own = this.#tracks.length > 1 ? codecs.filter((codec) => !isAudio(codec)) : codecs;
        if (own.length > 0 && own.some((codec) => !isAudio(codec))) {
          await track.buffer.change(`video/mp4; codecs="${own.join(", ")}"`);
        }
      }
      await track.buffer.append(data, this.#video.currentTime);
      track.init = key;
    }
    const rates = this.#master.variants.map((each) => each.average);
    const guess = ((rates[index] ?? 0) * segment.duration) / 8;
    const lowest = ((rates[0] ?? 0) * segment.duration) / 8;
    const mayAbort = track.kind === "video" && index > 0 && this.#pinned < 0;
    const began = performance.now();
    let seen = { elapsed: 0, received: 0 };
    try {
      const { data, seconds } = await fetchBytes(segment.url, {
        range: segment.range, signal,
        watch: ({ elapsed, received, total }) => {
          seen = { elapsed, received };
          if (!mayAbort) return false;
          const left = Math.max(0, ahead - (this.#video.paused ? 0 : (performance.now() - began) / 1000));
          return tooSlow({ elapsed, received, total: total || guess, buffer: left, lowerBytes: lowest });
        },
      });
      if (track.kind === "video") this.#throughput.add(data.length, seconds);
      if (signal.aborted) return;
      if (!(await track.buffer.append(data, this.#video.currentTime))) {
        this.#capacity = Math.max(8, this.#capacity * 0.7);
        await pause(1, signal);
        return;
      }
    } catch (error) {
      if (error instanceof TooSlow) this.#throughput.add(Math.max(seen.received, 4096), seen.elapsed);
      throw error;
    }
    track.last = segment.sequence;
    if (track.kind === "video" && index !== this.#current) {
      if (this.#current >= 0) this.switches += 1;
      this.#current = index;
      this.#events.switched();
    }
  }

  /** @param {Track} track @param {number} now */
  async #trim(track, now) {
    const first = track.buffer.ranges?.length ? track.buffer.ranges.start(0) : now;
    if (now - first > backSeconds + 10) await track.buffer.remove(0, now - backSeconds);
  }

  // Trouble

  /**
   * @param {Track} track
   * @param {unknown} error
   * @returns {Promise<boolean>} whether the loop goes on
   */
  async #recover(track, error) {
    if (error instanceof HTTPError && error.isExpired) {
      if (await this.#renew()) return true;
    } else if (!(error instanceof HTTPError) && !(error instanceof TypeError)) {
      this.#onMediaError();
      return false;
    }
    track.failures += 1;
    const lost = !(error instanceof HTTPError) || error.status >= 500 || error.status === 429;
    if (lost) this.#setOffline(true);
    else this.#playlists.clear(); // a segment that is not there: perhaps the playlist is old
    if (!lost && track.failures > 5) { this.#events.fatal("network"); return false; }
    await pause(Math.min(8, 0.5 * 2 ** Math.min(track.failures, 5)), track.wake.signal);
    return true;
  }

  /** Asks for a freshly signed address, once for both tracks. */
  #renew() {
    this.#renewing ??= (async () => {
      if (this.#renewals >= 3) return false;
      this.#renewals += 1;
      const url = await this.#events.expired().catch(() => null);
      if (!url) return false;
      this.#masterURL = new URL(url, location.href).href;
      this.#playlists.clear();
      await this.#readMaster();
      this.recoveries += 1;
      setTimeout(() => { this.#renewals = 0; }, 30_000);
      return true;
    })().catch(() => false).finally(() => { this.#renewing = null; });
    return this.#renewing;
  }

  /**
   * @template T
   * @param {() => Promise<T>} action
   * @returns {Promise<T>}
   */
  async #patiently(action) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const result = await action();
        this.#setOffline(false);
        return result;
      } catch (error) {
        if (isAbort(error) || this.#abort.signal.aborted) throw error;
        if (error instanceof HTTPError && error.status < 500) throw error;
        this.#setOffline(true);
        await pause(Math.min(8, 0.5 * 2 ** Math.min(attempt, 5)), this.#abort.signal);
      }
    }
  }

  /** @param {boolean} offline */
  #setOffline(offline) {
    if (this.#offline === offline) return;
    this.#offline = offline;
    this.#events.waiting(offline);
  }

  /** @param {unknown} error */
  #fatal(error) {
    if (error instanceof HTTPError || error instanceof TypeError) this.#events.fatal("network");
    else this.#events.fatal("media");
  }

  /** The decoder gave up: go on at the same place with the next rung. */
  #onMediaError() {
    this.#mediaErrors += 1;
    const failing = this.#master.variants[this.#current];
    if (this.#mediaErrors > mediaErrorsMax) { this.#events.fatal("media"); return; }
    if (failing && this.#master.variants.length > 1) {
      this.#banned.add(stable(failing.url));
      this.#master.variants = this.#master.variants.filter((each) => each !== failing);
      this.#pinned = -1;
      this.#current = Math.max(0, Math.min(this.#current - 1, this.#master.variants.length - 1));
      this.#events.levels();
    }
    this.recoveries += 1;
    this.#startAt = this.#video.currentTime + 0.1;
    const playing = !this.#video.paused;
    for (const track of this.#tracks) track.wake.abort();
    void this.#attach().then(() => { if (playing) void this.#video.play().catch(() => undefined); },
      (error) => this.#fatal(error));
  }

  #onError = () => {
    const code = this.#video.error?.code;
    if (code === MediaError.MEDIA_ERR_DECODE || code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED) {
      this.#onMediaError();
    }
  };

  #onSeek = () => {
    const now = this.#video.currentTime;
    for (const track of this.#tracks) {
      if (track.buffer.endFrom(now) - now > 0.5) continue;
      track.last = -1;
      track.complete = false;
      track.wake.abort();
    }
  };

  #onTime = () => {
    for (const track of this.#tracks) void this.#trim(track, this.#video.currentTime).catch(() => undefined);
  };

  /** Steps over a hole of a few frames between segments, where the browser would stand still. */
  #onWaiting = () => {
    const now = this.#video.currentTime;
    const ranges = this.#video.buffered;
    for (let index = 0; index < ranges.length; index += 1) {
      const start = ranges.start(index);
      if (start > now && start - now < 0.6) { this.#video.currentTime = start + 0.01; return; }
    }
  };
}
