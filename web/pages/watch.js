// One video: player, title, description; the password prompt; progress while it is being made ready.
import "../player/player.js";
import { api, APIError, explain } from "../lib/api.js";
import { h, icon } from "../lib/dom.js";
import { ago, compact, percent } from "../lib/format.js";
import { t } from "../lib/i18n.js";

/** @typedef {import("../lib/api.js").Video} Video */

/** @param {Video} video @returns {HTMLElement} */
export function playerFor(video) {
  const player = /** @type {import("../player/player.js").SluicePlayer} */ (document.createElement("sluice-player"));
  player.renew = () => api.video(video.id);
  player.video = video;
  return player;
}

/** @param {Record<string, string>} parameters */
export default async function watch({ id = "" }) {
  const content = h("div", { class: "page watch" });
  const gone = new AbortController();
  const view = { title: "", content, leave: () => gone.abort() };
  await load(id, content, gone.signal, view);
  return view;
}

/** @param {string} id @param {HTMLElement} content @param {AbortSignal} signal @param {{title: string}} [view] */
async function load(id, content, signal, view) {
  try {
    const video = await api.video(id);
    if (view) view.title = video.title;
    if (video.privacy === "password" && !video.hls_url && video.status !== "processing" && video.status !== "queued") {
      content.replaceChildren(prompt(id, content, signal));
    } else draw(video, content, signal);
  } catch (error) {
    const locked = error instanceof APIError && (error.status === 401 || error.status === 403)
      && /password|lock/i.test(error.type + error.detail);
    content.replaceChildren(locked ? prompt(id, content, signal)
      : h("div", { class: "empty", role: "alert" }, icon("alert"),
        h("h1", {}, error instanceof APIError && error.status < 500 && error.status > 0 ? t("watch.missing") : explain(error)),
        h("a", { class: "button", href: "/" }, t("nav.home"))));
  }
}

/** @param {Video} video @param {HTMLElement} content @param {AbortSignal} signal */
function draw(video, content, signal) {
  const name = video.user?.display_name ?? video.user?.username ?? "";
  const stage = h("div", { class: "stage" });
  if (video.hls_url) stage.append(playerFor(video));
  else waitUntilReady(video, stage, content, signal);
  content.replaceChildren(stage, h("div", { class: "about" }, h("h1", {}, video.title),
    h("p", { class: "meta" },
      h("span", {}, t("video.views", { count: video.view_count ?? 0, views: compact(video.view_count ?? 0) })),
      h("time", { datetime: video.created_at }, ago(video.created_at)),
      video.privacy !== "public" ? h("span", { class: "badge" }, icon("lock"), t(`privacy.${video.privacy}`)) : null),
    h("div", { class: "person" }, h("span", { class: "avatar", "aria-hidden": "true" }, name.slice(0, 1).toUpperCase()), h("strong", {}, name)),
    video.description ? h("p", { class: "description" }, video.description) : null));
}

/** @param {Video} video @param {HTMLElement} stage @param {HTMLElement} content @param {AbortSignal} signal */
function waitUntilReady(video, stage, content, signal) {
  const failed = video.status === "failed";
  const bar = h("progress", { max: "1", value: String(video.progress ?? 0), "aria-label": t("watch.preparing") });
  const share = h("span", {}, percent(video.progress ?? 0));
  stage.append(h("div", { class: "preparing", role: failed ? "alert" : "status" }, icon(failed ? "alert" : "film"),
    h("p", {}, failed ? t("watch.failed") : t("watch.preparing")), failed ? null : bar, failed ? null : share));
  if (failed) return;
  const timer = setInterval(async () => {
    const fresh = await api.video(video.id).catch(() => null);
    if (!fresh || signal.aborted) return;
    bar.value = fresh.progress ?? 0;
    share.textContent = percent(fresh.progress ?? 0);
    if (fresh.hls_url || fresh.status === "failed") { clearInterval(timer); draw(fresh, content, signal); }
  }, 2000);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/** @param {string} id @param {HTMLElement} content @param {AbortSignal} signal */
function prompt(id, content, signal) {
  const problem = h("p", { class: "problem", role: "alert" });
  const input = h("input", { id: "password", type: "password", required: true, autocomplete: "off" });
  return h("form", {
    class: "panel narrow",
    onsubmit: async (/** @type {Event} */ event) => {
      event.preventDefault();
      try {
        await api.unlock(id, input.value);
        await load(id, content, signal);
      } catch (error) { problem.textContent = explain(error, "unlock"); input.select(); }
    },
  }, icon("lock"), h("h1", {}, t("watch.locked")), h("p", { class: "hint" }, t("watch.lockedHint")),
  h("label", { for: "password" }, t("auth.password")), input, problem, h("button", { class: "button", type: "submit" }, t("watch.unlock")));
}
