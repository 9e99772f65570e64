// The player alone, for an <iframe src="/embed.html?v={id}"> on another page.
import { api } from "./lib/api.js";
import { loadLanguage, t } from "./lib/i18n.js";
import { playerFor } from "./pages/watch.js";
import { h } from "./lib/dom.js";

await loadLanguage();
const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const id = new URLSearchParams(location.search).get("v") ?? "";
try {
  const video = await api.video(id);
  document.title = video.title;
  main.append(playerFor(video));
} catch {
  main.append(h("p", { class: "empty", role: "alert" }, t("watch.missing")));
}
