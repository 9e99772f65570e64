// <sluice-player>: the video, its controls and its manners. Set `video` to what /api/videos/{id}
// answers and `renew` to a function that asks again.
import { h, icon } from "../lib/dom.js";
import { bitrate, clock } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { fetchText } from "./loader.js";
import { keyAction } from "./keys.js";
import { Menu } from "./menu.js";
import { SeekBar } from "./seekbar.js";
import { Stream } from "./stream.js";
import { parseVTT, toTextCue } from "./vtt.js";

/** @typedef {import("../lib/api.js").Video} VideoInfo */

const speeds = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const idleSeconds = 2.8;

/** @param {number} height */
const rungName = (height) => height > 0 ? `${height}p` : t("player.sound");

export class SluicePlayer extends HTMLElement {
  /** @type {VideoInfo | null} */
  #info = null;
  /** @type {Stream | null} */
  #stream = null;
  /** @type {() => Promise<VideoInfo | null>} asks the server for fresh addresses */
  renew = async () => null;
  #media = h("video", { playsinline: true, preload: "auto", tabindex: "-1" });
  #button = (/** @type {import("../lib/dom.js").IconName} */ name, /** @type {string} */ label,
    /** @type {() => void} */ act, /** @type {string} */ part) =>
    h("button", { type: "button", class: part, "aria-label": label, title: label, onclick: act }, icon(name));
  #play = this.#button("play", t("player.play"), () => this.toggle(), "play");
  #mute = this.#button("volume", t("player.mute"), () => { this.#media.muted = !this.#media.muted; }, "mute");
  #volume = h("input", {
    type: "range", min: "0", max: "1", step: "0.05", class: "volume", "aria-label": t("player.volume"),
    oninput: () => { this.#media.volume = Number(this.#volume.value); this.#media.muted = false; },
  });
  #captions = this.#button("captions", t("player.captions"), () => this.toggleCaptions(), "captions");
  #settings = this.#button("settings", t("player.settings"), () => this.#toggleMenu(), "settings");
  #pip = this.#button("pip", t("player.pip"), () => void this.togglePictureInPicture(), "pip");
  #full = this.#button("full", t("player.fullscreen"), () => void this.toggleFullscreen(), "full");
  #time = h("span", { class: "time" });
  #big = this.#button("play", t("player.play"), () => this.toggle(), "big");
  #spinner = h("div", { class: "spinner", hidden: true, role: "img", "aria-label": t("player.loading") });
  #notice = h("div", { class: "notice", role: "status", "aria-live": "polite", hidden: true });
  #failure = h("div", { class: "failure", role: "alert", hidden: true });
  #flash = h("div", { class: "flash", "aria-hidden": "true" });
  #details = h("pre", { class: "details", hidden: true });
  #menu = new Menu();
  #bar = new SeekBar((time) => this.seek(time));
  #frame = h("div", { class: "frame" });
  #idle = 0;
  #lastTap = 0;
  #captionIndex = -1;
  #gone = new AbortController();
  #stalls = 0;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const sheet = h("link", { rel: "stylesheet", href: new URL("./player.css", import.meta.url).href });
    const controls = h("div", { class: "controls" }, this.#bar.element, h("div", { class: "row" },
      this.#play, this.#mute, this.#volume, this.#time, h("span", { class: "space" }),
      this.#captions, this.#settings, this.#pip, this.#full));
    this.#frame.append(this.#media, this.#big, this.#spinner, this.#flash, this.#details, this.#notice,
      controls, this.#menu.element, this.#failure);
    root.append(sheet, this.#frame);
    this.#captions.hidden = true;
    this.#settings.setAttribute("aria-haspopup", "menu");
    this.#pip.hidden = !document.pictureInPictureEnabled;
    this.#listen();
  }

  connectedCallback() {
    this.tabIndex = 0;
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", t("player.region"));
  }

  disconnectedCallback() {
    this.#gone.abort();
    this.#stream?.destroy();
    this.#media.removeAttribute("src");
    this.#media.load();
  }

  /** @param {VideoInfo} info */
  set video(info) {
    this.#info = info;
    if (info.thumbnail_url) this.#media.poster = info.thumbnail_url;
    this.#bar.chapters = info.chapters ?? [];
    this.#loadCaptions(info);
    this.#loadStoryboard(info);
    this.#mediaSession(info);
    this.#start(info.hls_url ?? "", Number(new URLSearchParams(location.search).get("t")) || 0);
  }

  get media() { return this.#media; }

  /** What is going on, for tests and for the read-out. */
  get stats() {
    const stream = this.#stream;
    const level = stream?.levels[stream.current];
    const quality = this.#media.getVideoPlaybackQuality?.();
    return {
      level: stream?.current ?? -1, height: level?.height ?? 0, bitrate: level?.bandwidth ?? 0,
      levels: (stream?.levels ?? []).map((each) => each.height), pinned: stream?.pinned ?? -1,
      bandwidth: stream?.bandwidth ?? 0, buffer: stream?.bufferAhead ?? 0,
      dropped: quality?.droppedVideoFrames ?? 0, frames: quality?.totalVideoFrames ?? 0,
      switches: stream?.switches ?? 0, aborted: stream?.aborted ?? 0,
      recoveries: stream?.recoveries ?? 0, stalls: this.#stalls, growing: stream?.isGrowing ?? false,
    };
  }

  // Doing

  toggle() {
    if (this.#media.ended) this.#media.currentTime = 0;
    if (this.#media.paused) void this.#media.play().catch(() => undefined);
    else this.#media.pause();
    this.#showFlash(this.#media.paused ? "pause" : "play");
  }

  /** @param {number} time seconds */
  seek(time) {
    const end = Number.isFinite(this.#media.duration) ? this.#media.duration : time;
    this.#media.currentTime = Math.min(Math.max(0, time), Math.max(0, end - 0.05));
    this.#wake();
  }

  /** @param {number} index of `stats.levels`, −1 for automatic */
  setQuality(index) { this.#stream?.pin(index); }

  /** @param {number} rate */
  setSpeed(rate) {
    this.#media.playbackRate = rate;
    this.#say(t("player.speedNow", { speed: String(rate) }), 1200);
  }

  toggleCaptions() { this.setCaptions(this.#captionIndex >= 0 ? -1 : 0); }

  /** @param {number} index −1 for none */
  setCaptions(index) {
    this.#captionIndex = index;
    [...this.#media.textTracks].forEach((track, at) => { track.mode = at === index ? "showing" : "disabled"; });
    this.#captions.setAttribute("aria-pressed", String(index >= 0));
    this.#captions.classList.toggle("on", index >= 0);
  }

  async togglePictureInPicture() {
    if (document.pictureInPictureElement) await document.exitPictureInPicture().catch(() => undefined);
    else await this.#media.requestPictureInPicture?.().catch(() => undefined);
  }

  async toggleFullscreen() {
    if (document.fullscreenElement) await document.exitFullscreen().catch(() => undefined);
    else if (this.requestFullscreen) await this.requestFullscreen().catch(() => undefined);
    else /** @type {any} */ (this.#media).webkitEnterFullscreen?.(); // iPhone
  }

  // Loading

  /** @param {string} url @param {number} at */
  #start(url, at) {
    this.#failure.hidden = true;
    this.#stream?.destroy();
    this.#stream = null;
    if (!url) { this.#fail("network"); return; }
    if (!Stream.isSupported) {
      if (this.#media.canPlayType("application/vnd.apple.mpegurl")) this.#startNative(url, at);
      else this.#fail("unsupported");
      return;
    }
    this.#stream = new Stream(this.#media, {
      levels: () => this.#refreshMenu(),
      switched: () => this.#refreshMenu(),
      waiting: (offline) => this.#say(offline ? t("player.offline") : "", offline ? 0 : 1),
      fatal: (reason) => this.#fail(reason),
      expired: async () => (await this.renew())?.hls_url ?? null,
    });
    this.#stream.unfinished = this.#info?.status === "processing";
    void this.#stream.load(url, at);
  }

  /** @param {string} url @param {number} at */
  #startNative(url, at) {
    this.#media.src = url;
    if (at > 0) this.#media.addEventListener("loadedmetadata", () => this.seek(at), { once: true });
    this.#media.addEventListener("error", async () => {
      const fresh = await this.renew().catch(() => null);
      if (fresh?.hls_url && fresh.hls_url !== url) this.#startNative(fresh.hls_url, this.#media.currentTime);
      else this.#fail("network");
    }, { once: true });
  }

  /** @param {VideoInfo} info */
  #loadCaptions(info) {
    const captions = info.captions ?? [];
    this.#captions.hidden = captions.length === 0;
    for (const each of captions) {
      const track = this.#media.addTextTrack("captions", each.label, each.language);
      track.mode = "disabled";
      fetchText(new URL(each.url, location.href).href, this.#gone.signal)
        .then((text) => { for (const cue of parseVTT(text)) track.addCue(toTextCue(cue)); })
        .catch(() => undefined); // a film without its captions still plays
    }
  }

  /** @param {VideoInfo} info */
  #loadStoryboard(info) {
    if (!info.storyboard_url) return;
    const url = new URL(info.storyboard_url, location.href).href;
    fetchText(url, this.#gone.signal)
      .then((text) => this.#bar.setStoryboard(parseVTT(text), url)).catch(() => undefined);
  }

  /** @param {VideoInfo} info */
  #mediaSession(info) {
    const session = navigator.mediaSession;
    if (!session) return;
    session.metadata = new MediaMetadata({
      title: info.title, artist: info.user?.display_name ?? info.user?.username ?? "",
      artwork: info.thumbnail_url ? [{ src: info.thumbnail_url }] : [],
    });
    session.setActionHandler("play", () => void this.#media.play());
    session.setActionHandler("pause", () => this.#media.pause());
    session.setActionHandler("seekbackward", () => this.seek(this.#media.currentTime - 10));
    session.setActionHandler("seekforward", () => this.seek(this.#media.currentTime + 10));
    session.setActionHandler("seekto", (details) => this.seek(details.seekTime ?? 0));
  }

  // Showing

  #listen() {
    const media = this.#media;
    /** @param {string[]} names @param {() => void} act */
    const on = (names, act) => { for (const name of names) media.addEventListener(name, act); };
    on(["play", "pause", "ended"], () => this.#drawPlaying());
    on(["timeupdate", "durationchange", "seeking", "progress", "loadedmetadata"], () => this.#drawTime());
    on(["volumechange"], () => this.#drawVolume());
    on(["waiting", "seeking", "loadstart"], () => { this.#spinner.hidden = false; });
    on(["playing", "seeked", "canplay"], () => { this.#spinner.hidden = media.readyState < 3 && !media.paused; });
    on(["waiting"], () => { if (media.currentTime > 0 && !media.seeking) this.#stalls += 1; });
    this.addEventListener("keydown", (event) => this.#onKey(event));
    this.#frame.addEventListener("pointermove", () => this.#wake());
    this.#frame.addEventListener("focusin", () => this.#wake());
    media.addEventListener("pointerup", (event) => this.#onTap(event));
    document.addEventListener("fullscreenchange", () => {
      const isFull = document.fullscreenElement === this;
      this.#full.replaceChildren(icon(isFull ? "shrink" : "full"));
    }, { signal: this.#gone.signal });
    const saved = Number(localStorage.getItem("sluice.volume") ?? "1");
    media.volume = saved >= 0 && saved <= 1 ? saved : 1;
    this.#drawVolume();
    this.#drawPlaying();
    this.#drawTime();
  }

  #drawPlaying() {
    const { paused, ended } = this.#media;
    const label = t(ended ? "player.replay" : paused ? "player.play" : "player.pause");
    for (const button of [this.#play, this.#big]) {
      button.replaceChildren(icon(ended ? "replay" : paused ? "play" : "pause"));
      button.setAttribute("aria-label", label);
      button.title = label;
    }
    this.#frame.classList.toggle("paused", paused);
    this.#frame.classList.toggle("fresh", paused && this.#media.currentTime === 0);
    this.#wake();
  }

  #drawTime() {
    if (this.#media.readyState >= 3 && !this.#media.seeking) this.#spinner.hidden = true;
    const { currentTime, duration } = this.#media;
    const length = Number.isFinite(duration) ? duration : this.#info?.duration ?? 0;
    this.#time.textContent = `${clock(currentTime)} / ${clock(length)}`;
    const ahead = this.#stream?.bufferAhead ?? 0;
    this.#bar.draw(currentTime, length, currentTime + ahead);
    if (!this.#details.hidden) this.#drawDetails();
  }

  #drawVolume() {
    const { muted, volume } = this.#media;
    const silent = muted || volume === 0;
    const label = t(silent ? "player.unmute" : "player.mute");
    this.#mute.replaceChildren(icon(silent ? "muted" : "volume"));
    this.#mute.setAttribute("aria-label", label);
    this.#mute.title = label;
    this.#volume.value = String(muted ? 0 : volume);
    this.#volume.style.setProperty("--level", String(muted ? 0 : volume));
    localStorage.setItem("sluice.volume", String(volume));
  }

  #drawDetails() {
    const s = this.stats;
    this.#details.textContent = [
      `${s.height}p  ${bitrate(s.bitrate)}  (${s.level + 1}/${s.levels.length})`,
      `${t("details.link")}  ${bitrate(s.bandwidth)}`, `${t("details.buffer")}  ${s.buffer.toFixed(1)} s`,
      `${t("details.frames")}  ${s.dropped} / ${s.frames}`,
      `${t("details.switches")}  ${s.switches}   ${t("details.stalls")}  ${s.stalls}`,
    ].join("\n");
  }

  #wake() {
    this.#frame.classList.remove("idle");
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (!this.#media.paused && !this.#menu.isOpen) this.#frame.classList.add("idle");
    }, idleSeconds * 1000);
  }

  /** @param {string} text @param {number} milliseconds 0: until the next */
  #say(text, milliseconds) {
    this.#notice.textContent = text;
    this.#notice.hidden = text === "";
    if (milliseconds > 0 && text !== "") {
      setTimeout(() => { if (this.#notice.textContent === text) this.#notice.hidden = true; }, milliseconds);
    }
  }

  /** @param {"network" | "media" | "unsupported"} reason */
  #fail(reason) {
    this.#spinner.hidden = true;
    this.#failure.replaceChildren(icon("alert"), h("p", {}, t(`player.failed.${reason}`)));
    if (reason !== "unsupported") {
      this.#failure.append(h("button", { type: "button", onclick: () => void this.#again() }, t("player.retry")));
    }
    this.#failure.hidden = false;
  }

  async #again() {
    const at = this.#media.currentTime;
    this.#failure.hidden = true;
    this.#spinner.hidden = false;
    const fresh = await this.renew().catch(() => null);
    this.#start(fresh?.hls_url ?? this.#info?.hls_url ?? "", at);
    void this.#media.play().catch(() => undefined);
  }

  // Menu

  #toggleMenu() {
    if (this.#menu.isOpen) this.#menu.close();
    else this.#showMain();
  }

  #refreshMenu() {
    if (this.#menu.isOpen && this.#menu.element.dataset.page === "quality") this.#showQuality();
  }

  #showMain() {
    const { pinned, levels, height } = this.stats;
    const quality = pinned >= 0 ? rungName(levels[pinned] ?? 0) : `${t("player.auto")} (${rungName(height)})`;
    this.#menu.element.dataset.page = "main";
    const tracks = [...this.#media.textTracks];
    this.#menu.show({ title: t("player.settings"), choices: [
      { label: t("player.quality"), value: quality, stays: true, choose: () => this.#showQuality() },
      { label: t("player.speed"), value: `${this.#media.playbackRate}×`, stays: true, choose: () => this.#showSpeed() },
      ...(tracks.length > 0 ? [{
        label: t("player.captions"), value: tracks[this.#captionIndex]?.label ?? t("player.off"), stays: true,
        choose: () => this.#showCaptions(),
      }] : []),
      { label: t("player.details"), choose: () => { this.#details.hidden = !this.#details.hidden; this.#drawDetails(); } },
    ] }, this.#settings);
  }

  #showQuality() {
    const { pinned, levels, height } = this.stats;
    this.#menu.element.dataset.page = "quality";
    this.#menu.show({ title: t("player.quality"), back: () => this.#showMain(), choices: [
      { label: pinned < 0 ? `${t("player.auto")} (${rungName(height)})` : t("player.auto"), checked: pinned < 0, choose: () => this.setQuality(-1) },
      ...levels.map((each, index) => ({
        label: rungName(each), checked: pinned === index, choose: () => this.setQuality(index),
      })).reverse(),
    ] });
  }

  #showSpeed() {
    this.#menu.element.dataset.page = "speed";
    this.#menu.show({ title: t("player.speed"), back: () => this.#showMain(), choices: speeds.map((speed) => ({
      label: speed === 1 ? t("player.normal") : `${speed}×`, checked: this.#media.playbackRate === speed,
      choose: () => this.setSpeed(speed),
    })) });
  }

  #showCaptions() {
    this.#menu.element.dataset.page = "captions";
    this.#menu.show({ title: t("player.captions"), back: () => this.#showMain(), choices: [
      { label: t("player.off"), checked: this.#captionIndex < 0, choose: () => this.setCaptions(-1) },
      ...[...this.#media.textTracks].map((track, index) => ({
        label: track.label || track.language, checked: this.#captionIndex === index,
        choose: () => this.setCaptions(index),
      })),
    ] });
  }

  // Hands

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const focused = this.shadowRoot?.activeElement;
    const act = keyAction(event, focused instanceof HTMLInputElement, focused instanceof HTMLButtonElement);
    if (!act) return;
    event.preventDefault();
    this.#wake();
    const media = this.#media;
    if (act.kind === "toggle") this.toggle();
    else if (act.kind === "jump") this.seek(media.currentTime + act.by);
    else if (act.kind === "share") this.seek(media.duration * act.by);
    else if (act.kind === "mute") media.muted = !media.muted;
    else if (act.kind === "full") void this.toggleFullscreen();
    else if (act.kind === "captions") this.toggleCaptions();
    else if (act.kind === "volume") {
      media.volume = Math.min(1, Math.max(0, media.volume + act.by));
      media.muted = false;
    } else if (act.kind === "speed") {
      const at = speeds.indexOf(media.playbackRate) + act.by;
      this.setSpeed(speeds[Math.min(speeds.length - 1, Math.max(0, at))] ?? 1);
    }
  }

  /** @param {PointerEvent} event */
  #onTap(event) {
    if (this.#menu.isOpen) { this.#menu.close(); return; }
    const isDouble = event.timeStamp - this.#lastTap < 300;
    this.#lastTap = isDouble ? 0 : event.timeStamp;
    if (event.pointerType === "mouse") {
      if (event.button !== 0) return;
      this.toggle();
      if (isDouble) void this.toggleFullscreen();
    } else if (isDouble) {
      const box = this.#media.getBoundingClientRect();
      const side = (event.clientX - box.left) / box.width;
      if (side < 0.35) this.seek(this.#media.currentTime - 10);
      else if (side > 0.65) this.seek(this.#media.currentTime + 10);
      else this.toggle();
    } else if (this.#frame.classList.contains("idle")) this.#wake();
    else if (!this.#media.paused) this.#frame.classList.add("idle");
  }

  /** @param {"play" | "pause"} name */
  #showFlash(name) {
    this.#flash.replaceChildren(icon(name));
    this.#flash.classList.remove("go");
    void this.#flash.offsetWidth;
    this.#flash.classList.add("go");
  }
}

customElements.define("sluice-player", SluicePlayer);
