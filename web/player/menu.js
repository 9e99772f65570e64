// The settings menu: pages of choices, driven by arrow keys as well as by pointer.
import { h, icon } from "../lib/dom.js";

/**
 * @typedef {{label: string, value?: string, checked?: boolean, choose: () => void, stays?: boolean}} Choice
 * @typedef {{title: string, choices: Choice[], back?: () => void}} Page
 */

export class Menu {
  element = h("div", { class: "menu", role: "menu", hidden: true });
  /** @type {HTMLElement | null} */
  #opener = null;

  constructor() {
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
  }

  get isOpen() { return !this.element.hidden; }

  /** @param {Page} page @param {HTMLElement} [opener] */
  show(page, opener) {
    if (opener) this.#opener = opener;
    this.element.setAttribute("aria-label", page.title);
    this.element.replaceChildren();
    if (page.back) {
      this.element.append(h("button", { type: "button", class: "back", role: "menuitem", onclick: page.back }, "‹ ", page.title));
    }
    for (const choice of page.choices) {
      const isRadio = choice.checked !== undefined;
      this.element.append(h("button", {
        type: "button", role: isRadio ? "menuitemradio" : "menuitem",
        "aria-checked": isRadio ? String(choice.checked) : null,
        onclick: () => { if (!choice.stays) this.close(); choice.choose(); },
      }, isRadio ? h("span", { class: "tick" }, choice.checked ? icon("check") : null) : null,
      h("span", { class: "label" }, choice.label),
      choice.value ? h("span", { class: "value" }, choice.value) : null));
    }
    this.element.hidden = false;
    this.#opener?.setAttribute("aria-expanded", "true");
    /** @type {HTMLElement | null} */ (this.element.querySelector("[aria-checked=true], button"))?.focus();
  }

  close() {
    if (!this.isOpen) return;
    const had = this.element.contains(/** @type {ShadowRoot} */ (this.element.getRootNode()).activeElement);
    this.element.hidden = true;
    this.#opener?.setAttribute("aria-expanded", "false");
    if (had) this.#opener?.focus();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const items = [...this.element.querySelectorAll("button")];
    const root = /** @type {ShadowRoot} */ (this.element.getRootNode());
    const at = items.findIndex((item) => item === root.activeElement);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) items[(at + step + items.length) % items.length]?.focus();
    else if (event.key === "Escape") this.close();
    else if (event.key !== "Enter" && event.key !== " ") return;
    if (event.key !== "Enter" && event.key !== " ") event.preventDefault();
    event.stopPropagation();
  }
}
