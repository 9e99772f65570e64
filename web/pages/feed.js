// The front page: a grid of videos that grows as it is scrolled.
import { api, explain, session } from "../lib/api.js";
import { h, icon } from "../lib/dom.js";
import { ago, clock } from "../lib/format.js";
import { compact } from "../lib/format.js";
import { t } from "../lib/i18n.js";

/** @param {import("../lib/api.js").Video} video */
export function card(video) {
  const name = video.user?.display_name ?? video.user?.username ?? "";
  return h("article", { class: "card" }, h("a", { href: `/watch/${encodeURIComponent(video.id)}` },
    h("div", { class: "thumb" },
      video.thumbnail_url
        ? h("img", { src: video.thumbnail_url, alt: "", loading: "lazy", decoding: "async" }) : icon("film"),
      video.duration > 0 ? h("span", { class: "length" }, clock(video.duration)) : null),
    h("h2", {}, video.title), h("p", { class: "meta" }, h("span", {}, name),
      h("span", {}, t("video.views", { count: video.view_count ?? 0, views: compact(video.view_count ?? 0) })),
      h("time", { datetime: video.created_at }, ago(video.created_at)))));
}

const skeleton = () => h("div", { class: "card skeleton", "aria-hidden": "true" }, h("div", { class: "thumb" }), h("i"), h("i"));

export default function feed() {
  const grid = h("div", { class: "grid", "aria-busy": "true" }, Array.from({ length: 8 }, skeleton));
  const after = h("div", { class: "after" });
  const sort = new URLSearchParams(location.search).get("sort") ?? "";
  const tab = (/** @type {string} */ value, /** @type {string} */ text) =>
    h("a", { href: value ? `/?sort=${value}` : "/", class: "chip", "aria-current": sort === value ? "page" : null }, text);
  const content = h("div", { class: "page wide" }, h("h1", { class: "hidden" }, t("feed.title")),
    h("div", { class: "chips", role: "navigation", "aria-label": t("feed.sort") },
      tab("", t("feed.mix")), tab("new", t("feed.new")), tab("hot", t("feed.hot"))), grid, after);
  /** @type {string | null} */
  let cursor = null;
  let first = true;
  let busy = false;

  async function more() {
    if (busy) return;
    busy = true;
    try {
      const page = await api.feed(cursor, sort);
      if (first) grid.replaceChildren();
      first = false;
      grid.append(...page.items.map(card));
      cursor = page.next_cursor ?? null;
      after.replaceChildren();
      if (grid.childElementCount === 0) {
        after.append(h("div", { class: "empty" }, icon("film"), h("h2", {}, t("feed.empty")), h("p", {}, t("feed.emptyHint")),
          h("a", { class: "button", href: session.user ? "/upload" : "/register" }, t(session.user ? "nav.upload" : "auth.register"))));
      }
      if (!cursor) watcher.disconnect();
    } catch (error) {
      if (first) grid.replaceChildren();
      after.replaceChildren(h("div", { class: "empty", role: "alert" }, icon("alert"), h("p", {}, explain(error)),
        h("button", { class: "button", type: "button", onclick: () => void more() }, t("action.retry"))));
    } finally {
      busy = false;
      grid.removeAttribute("aria-busy");
    }
  }

  const watcher = new IntersectionObserver((entries) => {
    if (entries.some((each) => each.isIntersecting) && cursor) void more();
  }, { rootMargin: "600px" });
  void more().then(() => watcher.observe(after)); // the skeleton may reach far below the screen
  return { title: "", content, leave: () => watcher.disconnect() };
}
