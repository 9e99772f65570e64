// The studio's door: drop files, watch them travel, then watch them become playable.
import { api, explain } from "../lib/api.js";
import { h, icon } from "../lib/dom.js";
import { bytes, percent } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { Upload } from "../lib/tus.js";

const atOnce = 2;
const privacies = ["public", "unlisted", "private"];
/** Uploads outlive this page: leaving it and coming back shows them still.
 * @type {{upload: Upload, row: HTMLElement}[]} */
const uploads = [];
addEventListener("beforeunload", (event) => {
  if (uploads.some(({ upload }) => upload.state === "sending" || upload.state === "retrying")) event.preventDefault();
});

function startNext() {
  const running = uploads.filter(({ upload }) => upload.state === "sending" || upload.state === "retrying").length;
  const waiting = uploads.filter(({ upload }) => upload.state === "waiting");
  for (const { upload } of waiting.slice(0, Math.max(0, atOnce - running))) void upload.start();
}

export default function page() {
  const input = h("input", { type: "file", id: "files", multiple: true, accept: "video/*,audio/*,.mkv,.ts,.mxf", class: "hidden" });
  const privacy = h("select", { id: "privacy" }, privacies.map((each) => h("option", { value: each }, t(`privacy.${each}`))));
  const list = h("div", { class: "uploads", "aria-live": "off" }, uploads.map((each) => each.row));
  const add = (/** @type {FileList | null | undefined} */ files) => {
    for (const file of files ?? []) {
      const title = file.name.replace(/\.[^.]+$/, "").replace(/[_.]+/g, " ").trim() || file.name;
      const upload = new Upload(file, { title, privacy: privacy.value });
      const row = drawRow(upload, title);
      uploads.unshift({ upload, row });
      list.prepend(row);
    }
    startNext();
  };
  input.addEventListener("change", () => { add(input.files); input.value = ""; });
  const zone = h("label", { class: "drop", for: "files",
    ondragover: (/** @type {DragEvent} */ event) => { event.preventDefault(); zone.classList.add("over"); },
    ondragleave: () => zone.classList.remove("over"),
    ondrop: (/** @type {DragEvent} */ event) => { event.preventDefault(); zone.classList.remove("over"); add(event.dataTransfer?.files); },
  }, icon("upload"), h("strong", {}, t("upload.drop")), h("span", { class: "hint" }, t("upload.hint")), h("span", { class: "button" }, t("upload.choose")));
  const content = h("div", { class: "page" }, h("h1", {}, t("upload.title")), input, zone,
    h("div", { class: "field inline" }, h("label", { for: "privacy" }, t("video.privacy")), privacy), list);
  return { title: t("upload.title"), content };
}

/** @param {Upload} upload @param {string} title */
function drawRow(upload, title) {
  const bar = h("progress", { max: "1", value: "0", "aria-label": title });
  const state = h("span", { class: "state", role: "status" });
  const pause = h("button", { type: "button", class: "round", onclick: () => upload.state === "paused" || upload.state === "failed" ? void upload.start() : upload.pause() });
  const cancel = h("button", { type: "button", class: "round", "aria-label": t("upload.cancel"), title: t("upload.cancel"), onclick: () => {
    void upload.cancel();
    uploads.splice(uploads.findIndex((each) => each.upload === upload), 1);
    row.remove();
    startNext();
  } }, icon("close"));
  const actions = h("div", { class: "actions" }, pause, cancel);
  const row = h("article", { class: "upload", "data-state": "waiting" }, h("div", { class: "top" }, h("strong", {}, title), h("span", { class: "hint" }, bytes(upload.file.size)), actions), bar, state);
  const draw = () => {
    const share = upload.file.size > 0 ? upload.sent / upload.file.size : 0;
    row.dataset.state = upload.state;
    bar.value = share;
    const goes = upload.state === "paused" || upload.state === "failed";
    pause.replaceChildren(icon(goes ? "play" : "pause"));
    pause.setAttribute("aria-label", t(goes ? "upload.resume" : "upload.pause"));
    state.textContent = upload.state === "failed" ? explain(upload.error, "upload")
      : upload.state === "sending" ? t("upload.sending", { percent: percent(share), sent: bytes(upload.sent) }) : t(`upload.${upload.state}`);
  };
  let finished = false;
  upload.onchange = () => {
    draw();
    if (upload.state === "done" && !finished) {
      finished = true;
      actions.remove();
      if (upload.video) void follow(upload.video, row, bar, state);
    }
    if (upload.state === "done" || upload.state === "failed" || upload.state === "paused") startNext();
  };
  draw();
  return row;
}

/** Shows the making of the video until it can be played.
 * @param {string} id @param {HTMLElement} row @param {HTMLProgressElement} bar @param {HTMLElement} state */
async function follow(id, row, bar, state) {
  let linked = false;
  for (let missed = 0; missed < 30;) {
    const video = await api.video(id).catch(() => null);
    if (video) {
      missed = 0;
      row.dataset.state = video.status;
      bar.value = video.progress ?? 0;
      state.textContent = t(`status.${video.status}`, { percent: percent(video.progress ?? 0) });
      if (video.hls_url && !linked) {
        linked = true;
        row.append(h("a", { class: "button small", href: `/watch/${encodeURIComponent(id)}` }, t("upload.watch")));
      }
      if (video.status === "ready" || video.status === "published" || video.status === "failed") return;
    } else missed += 1;
    await new Promise((resolve) => setTimeout(resolve, 1500));
  }
}
