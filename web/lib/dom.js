// Building the page without templates: elements are made by calls, text is always text.

/** @typedef {string | number | Node | null | undefined | false} Child */

/**
 * Makes an element. Attributes named `on…` with a function are listeners; `true` is an empty
 * attribute; false, null and undefined leave the attribute out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on") && typeof value === "function") {
      element.addEventListener(name.slice(2), value);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
  return element;
}

/** Outlines on a 24 × 24 grid. */
const paths = {
  play: "M8 5.2v13.600a.6.6 0 0 0 .9.500l10.7-6.800a.6.6 0 0 0 0-1L8.9 4.700a.6.6 0 0 0-.9.500z",
  pause: "M7 5h3.500v14H7zM13.5 5H17v14h-3.500z",
  replay: "M12 5V1.500L7 6l5 4.500V7a5.5 5.5 0 1 1-5.5 5.500h-2A7.5 7.5 0 1 0 12 5z",
  volume: "M4 9v6h4l5 4.500v-15L8 9zM15.5 8.500a4.5 4.5 0 0 1 0 7M17.5 5.500a8.5 8.5 0 0 1 0 13",
  muted: "M4 9v6h4l5 4.500v-15L8 9zM16 9.500l5 5M21 9.500l-5 5",
  captions: "M3 6.500A1.5 1.5 0 0 1 4.5 5h15A1.5 1.5 0 0 1 21 6.500v11a1.5 1.5 0 0 1-1.5 1.500h-15A1.5 1.5 0 0 1 3 17.500zM10.5 10.500a2 2 0 1 0 0 3M17 10.500a2 2 0 1 0 0 3",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.800a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.400zM9 14.800a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.400z",
  pip: "M3 6.500A1.5 1.5 0 0 1 4.5 5h15A1.5 1.5 0 0 1 21 6.500v11a1.5 1.5 0 0 1-1.5 1.500h-15A1.5 1.5 0 0 1 3 17.500zM12 12h6v4.500h-6z",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  shrink: "M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5",
  upload: "M12 16V4M7 9l5-5 5 5M4 16v3a1.5 1.5 0 0 0 1.5 1.500h13A1.5 1.5 0 0 0 20 19v-3",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2.500M12 19.500V22M2 12h2.500M19.5 12H22M4.9 4.900l1.8 1.800M17.3 17.300l1.8 1.800M4.9 19.100l1.8-1.800M17.3 6.700l1.8-1.8",
  moon: "M20 14.500A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.500z",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.500h4M4 14.500h4M16 9.500h4M16 14.500h4",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  trash: "M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  alert: "M12 4L2.5 20h19zM12 10v4.500M12 17.200v.1",
  check: "M5 12.500l4.5 4.500L19 7.5",
  globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
  close: "M6 6l12 12M18 6L6 18",
  user: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20.500a7.5 7.5 0 0 1 15 0",
};
const filled = new Set(["play", "pause", "replay"]);

/** @typedef {keyof typeof paths} IconName */

/**
 * An icon for the eye only; what it stands on carries the label.
 * @param {IconName} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", filled.has(name) ? "icon filled" : "icon");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", paths[name]);
  svg.append(path);
  return svg;
}

/**
 * A message that goes away by itself and that screen readers speak.
 * @param {string} text
 * @param {"info" | "error"} [kind]
 */
export function toast(text, kind = "info") {
  const note = h("div", { class: `toast ${kind}` }, text);
  document.getElementById("toasts")?.append(note);
  setTimeout(() => note.remove(), kind === "error" ? 8000 : 4000);
}
