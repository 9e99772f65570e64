// The bar: where we are, what is buffered, chapters, and a picture of where the pointer points.
import { h } from "../lib/dom.js";
import { clock } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { tileAt } from "./vtt.js";

export class SeekBar {
  #seek;
  #input = h("input", { type: "range", min: "0", max: "0", step: "any", "aria-label": t("player.position") });
  #buffered = h("div", { class: "buffered" });
  #played = h("div", { class: "played" });
  #marks = h("div", { class: "marks" });
  #picture = h("div", { class: "picture" });
  #chapter = h("span", { class: "chapter" });
  #label = h("span", { class: "at" });
  #preview = h("div", { class: "preview", hidden: true, "aria-hidden": "true" }, this.#picture, this.#chapter, this.#label);
  element = h("div", { class: "bar" }, h("div", { class: "rail" }, this.#buffered, this.#played, this.#marks),
    this.#input, this.#preview);
  #duration = 0;
  #dragging = false;
  /** @type {import("./vtt.js").Cue[]} */
  #cues = [];
  #base = "";
  /** @type {import("../lib/api.js").Chapter[]} */
  #chapters = [];

  /** @param {(time: number) => void} seek */
  constructor(seek) {
    this.#seek = seek;
    this.#input.addEventListener("input", () => { this.#dragging = true; this.#drawPlayed(Number(this.#input.value)); });
    this.#input.addEventListener("change", () => { this.#dragging = false; this.#seek(Number(this.#input.value)); });
    this.element.addEventListener("pointermove", (event) => this.#onPoint(event));
    this.element.addEventListener("pointerleave", () => { this.#preview.hidden = true; });
  }

  /** @param {import("../lib/api.js").Chapter[]} chapters */
  set chapters(chapters) { this.#chapters = chapters; this.#drawMarks(); }

  /** @param {import("./vtt.js").Cue[]} cues @param {string} base */
  setStoryboard(cues, base) { this.#cues = cues; this.#base = base; }

  /** @param {number} time @param {number} duration @param {number} buffered */
  draw(time, duration, buffered) {
    if (duration !== this.#duration) {
      this.#duration = duration;
      this.#input.max = String(duration);
      this.#drawMarks();
    }
    this.#buffered.style.transform = `scaleX(${duration > 0 ? Math.min(1, buffered / duration) : 0})`;
    if (this.#dragging) return;
    this.#input.value = String(time);
    this.#input.setAttribute("aria-valuetext", t("player.timeOf", { time: clock(time), duration: clock(duration) }));
    this.#drawPlayed(time);
  }

  /** @param {number} time */
  #drawPlayed(time) {
    const share = this.#duration > 0 ? Math.min(1, time / this.#duration) : 0;
    this.#played.style.transform = `scaleX(${share})`;
    this.element.style.setProperty("--share", String(share));
  }

  #drawMarks() {
    this.#marks.replaceChildren(...this.#chapters
      .filter((each) => each.start > 0 && each.start < this.#duration)
      .map((each) => {
        const mark = h("i");
        mark.style.left = `${(each.start / this.#duration) * 100}%`;
        return mark;
      }));
  }

  /** @param {PointerEvent} event */
  #onPoint(event) {
    const box = this.element.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const time = share * this.#duration;
    const tile = tileAt(this.#cues, time, this.#base);
    this.#picture.hidden = !tile;
    if (tile) {
      const style = this.#picture.style;
      style.width = `${tile.width}px`;
      style.height = `${tile.height}px`;
      style.backgroundImage = `url("${tile.url.replace(/["\\\n]/g, encodeURIComponent)}")`;
      style.backgroundPosition = `-${tile.x}px -${tile.y}px`;
    }
    const chapter = this.#chapters.filter((each) => each.start <= time).pop();
    this.#chapter.textContent = chapter?.title ?? "";
    this.#label.textContent = clock(time);
    this.#preview.hidden = this.#duration === 0;
    const half = (tile?.width ?? 64) / 2 + 4;
    this.#preview.style.left = `${Math.min(box.width - half, Math.max(half, share * box.width))}px`;
  }
}
