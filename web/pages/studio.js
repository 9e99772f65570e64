// My videos: what state they are in, and everything that can be done to them.
import { api, explain } from "../lib/api.js";
import { h, icon, toast } from "../lib/dom.js";
import { ago, clock, percent } from "../lib/format.js";
import { language, languages, t } from "../lib/i18n.js";

/** @typedef {import("../lib/api.js").Video} Video */
const settled = new Set(["ready", "published", "failed"]);

export default function studio() {
  const list = h("div", { class: "mine", "aria-busy": "true" }, Array.from({ length: 4 }, () => h("div", { class: "entry skeleton", "aria-hidden": "true" }, h("div", { class: "thumb" }), h("div", {}, h("i"), h("i")))));
  const after = h("div", { class: "after" });
  const content = h("div", { class: "page" }, h("div", { class: "heading" }, h("h1", {}, t("studio.title")), h("a", { class: "button", href: "/upload" }, icon("upload"), t("nav.upload"))), list, after);
  const gone = new AbortController();
  void more(list, after, null, gone.signal);
  return { title: t("studio.title"), content, leave: () => gone.abort() };
}

/** @param {HTMLElement} list @param {HTMLElement} after @param {string | null} cursor @param {AbortSignal} signal */
async function more(list, after, cursor, signal) {
  try {
    const page = await api.mine(cursor);
    if (!cursor) list.replaceChildren();
    list.append(...page.items.map((video) => entry(video, signal)));
    after.replaceChildren();
    if (!cursor && page.items.length === 0) {
      after.append(h("div", { class: "empty" }, icon("film"), h("h2", {}, t("studio.empty")), h("p", {}, t("studio.emptyHint"))));
    }
    const next = page.next_cursor;
    if (next) after.append(h("button", { class: "button quiet", type: "button", onclick: () => void more(list, after, next, signal) }, t("action.more")));
  } catch (error) {
    if (!cursor) list.replaceChildren();
    after.replaceChildren(h("div", { class: "empty", role: "alert" }, icon("alert"), h("p", {}, explain(error)), h("button", { class: "button", type: "button", onclick: () => void more(list, after, cursor, signal) }, t("action.retry"))));
  } finally { list.removeAttribute("aria-busy"); }
}

/** @param {Video} video @param {AbortSignal} signal */
function entry(video, signal) {
  const row = h("article", { class: "entry", "data-id": video.id });
  const draw = () => {
    const making = !settled.has(video.status);
    row.replaceChildren(
      h("a", { class: "thumb", href: `/watch/${encodeURIComponent(video.id)}`, "aria-label": video.title }, video.thumbnail_url ? h("img", { src: video.thumbnail_url, alt: "", loading: "lazy" }) : icon("film"), video.duration > 0 ? h("span", { class: "length" }, clock(video.duration)) : null),
      h("div", { class: "text" }, h("h2", {}, h("a", { href: `/watch/${encodeURIComponent(video.id)}` }, video.title)),
        h("p", { class: "meta" }, h("span", { class: `badge ${video.status}` }, t(`status.${video.status}`, { percent: percent(video.progress ?? 0) })), h("span", {}, t(`privacy.${video.privacy}`)), h("time", { datetime: video.created_at }, ago(video.created_at))),
        making ? h("progress", { max: "1", value: String(video.progress ?? 0), "aria-label": t("watch.preparing") }) : null,
        video.status === "failed" ? h("p", { class: "problem" }, t("watch.failed")) : null),
      h("div", { class: "actions" },
        h("button", { type: "button", class: "round", "aria-label": t("studio.edit", { title: video.title }), title: t("studio.editShort"), onclick: () => edit(video, draw) }, icon("edit")),
        h("button", { type: "button", class: "round", "aria-label": t("studio.captions", { title: video.title }), title: t("player.captions"), onclick: () => captions(video) }, icon("captions")),
        h("button", { type: "button", class: "round danger", "aria-label": t("studio.delete", { title: video.title }), title: t("studio.deleteShort"), onclick: () => remove(video, row) }, icon("trash"))));
  };
  draw();
  if (!settled.has(video.status)) {
    const timer = setInterval(async () => {
      const fresh = await api.video(video.id).catch(() => null);
      if (!fresh || signal.aborted) return;
      Object.assign(video, fresh);
      draw();
      if (settled.has(video.status)) clearInterval(timer);
    }, 2500);
    signal.addEventListener("abort", () => clearInterval(timer));
  }
  return row;
}

/**
 * A dialog with a form; `act` does the work and closes it unless it throws.
 * @param {string} title @param {(Node | null)[]} body @param {string} label @param {() => Promise<unknown>} act
 * @param {string} [kind]
 */
function ask(title, body, label, act, kind = "") {
  const problem = h("p", { class: "problem", role: "alert" });
  const button = h("button", { class: `button ${kind}`, type: "submit" }, label);
  const dialog = h("dialog", { "aria-labelledby": "dialog-title", onclose: () => dialog.remove() }, h("form", {
    onsubmit: async (/** @type {Event} */ event) => {
      event.preventDefault();
      button.disabled = true;
      try { await act(); dialog.close(); } catch (error) { problem.textContent = explain(error); } finally { button.disabled = false; }
    },
  }, h("h2", { id: "dialog-title" }, title), ...body, problem, h("div", { class: "buttons" }, h("button", { class: "button quiet", type: "button", onclick: () => dialog.close() }, t("action.cancel")), button)));
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {string} id @param {string} label @param {HTMLElement} input */
const field = (id, label, input) => { input.id = id; return h("div", { class: "field" }, h("label", { for: id }, label), input); };

/** @param {Video} video @param {() => void} draw */
function edit(video, draw) {
  const title = h("input", { required: true, maxlength: "200", value: video.title });
  const description = h("textarea", { rows: "5", maxlength: "5000" }, video.description ?? "");
  const password = h("input", { type: "password", autocomplete: "new-password", minlength: "4", maxlength: "256" });
  const secret = field("edit-password", t("video.password"), password);
  const privacy = h("select", { onchange: () => { secret.hidden = privacy.value !== "password"; } },
    ["public", "unlisted", "private", "password"].map((each) => h("option", { value: each, selected: each === video.privacy }, t(`privacy.${each}`))));
  secret.hidden = video.privacy !== "password";
  ask(t("studio.editShort"), [field("edit-title", t("video.title"), title), field("edit-description", t("video.description"), description), field("edit-privacy", t("video.privacy"), privacy), secret], t("action.save"), async () => {
    const changes = { title: title.value.trim(), description: description.value, privacy: privacy.value };
    await api.edit(video.id, privacy.value === "password" && password.value ? { ...changes, password: password.value } : changes);
    Object.assign(video, changes);
    draw();
    toast(t("studio.saved"));
  });
}

/** @param {Video} video */
function captions(video) {
  const file = h("input", { type: "file", required: true, accept: ".vtt,.srt,text/vtt,application/x-subrip" });
  const code = h("input", { required: true, value: language(), pattern: "[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", list: "codes", autocapitalize: "none" });
  ask(t("studio.captionsTitle"), [h("p", { class: "hint" }, t("studio.captionsHint")), field("captions-language", t("studio.captionsLanguage"), code), h("datalist", { id: "codes" }, languages().map((each) => h("option", { value: each.code }, each.name))), field("captions-file", t("studio.captionsFile"), file)], t("nav.upload"), async () => {
    const chosen = file.files?.[0];
    if (!chosen) return;
    await api.captions(video.id, code.value, chosen);
    toast(t("studio.captionsSaved"));
  });
}

/** @param {Video} video @param {HTMLElement} row */
function remove(video, row) {
  ask(t("studio.deleteTitle"), [h("p", {}, t("studio.deleteSure", { title: video.title }))], t("studio.deleteShort"), async () => {
    await api.remove(video.id);
    row.remove();
    toast(t("studio.deleted"));
  }, "danger");
}
