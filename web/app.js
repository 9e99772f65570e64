// Starts the app: words, session, frame, then the page that the address names.
import { api, session } from "./lib/api.js";
import { h, icon } from "./lib/dom.js";
import { chooseLanguage, language, languages, loadLanguage, t } from "./lib/i18n.js";
import { go, onNavigate, route } from "./lib/router.js";
import { applyTheme, flipTheme } from "./lib/theme.js";

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const header = /** @type {HTMLElement} */ (document.getElementById("header"));

/** @typedef {{title: string, content: HTMLElement, leave?: () => void}} PageView */
/** @type {Record<string, () => Promise<{default: (parameters: Record<string, string>) => Promise<PageView> | PageView}>>} */
const pages = {
  feed: () => import("./pages/feed.js"), watch: () => import("./pages/watch.js"),
  login: () => import("./pages/auth.js"), register: () => import("./pages/auth.js"),
  setup: () => import("./pages/auth.js"), upload: () => import("./pages/upload.js"),
  studio: () => import("./pages/studio.js"), missing: () => import("./pages/missing.js"),
};

/** @type {(() => void) | undefined} */
let leave;
let turn = 0;

async function show() {
  const mine = ++turn;
  const { name, parameters } = route(location.pathname);
  leave?.();
  leave = undefined;
  let load = pages[name] ?? pages.missing;
  if ((name === "upload" || name === "studio") && !session.user) {
    go(`/login?next=${encodeURIComponent(location.pathname)}`, true);
    return;
  }
  try {
    const page = await /** @type {NonNullable<typeof load>} */ (load)();
    const view = await page.default({ ...parameters, page: name });
    if (mine !== turn) { view.leave?.(); return; }
    leave = view.leave;
    document.title = view.title ? `${view.title} · Sluice` : "Sluice";
    main.replaceChildren(view.content);
  } catch {
    main.replaceChildren(h("div", { class: "empty", role: "alert" }, icon("alert"),
      h("h1", {}, t("error.page")),
      h("button", { class: "button", type: "button", onclick: () => location.reload() }, t("action.retry"))));
  }
  if (mine > 1) main.focus({ preventScroll: true });
  scrollTo(0, 0);
  drawHeader();
}

function drawHeader() {
  const { user } = session;
  const here = location.pathname;
  const link = (/** @type {string} */ href, /** @type {string} */ text, /** @type {import("./lib/dom.js").IconName} */ name, kind = "") =>
    h("a", { href, class: `nav ${kind}`, "aria-current": here === href ? "page" : null, "aria-label": text }, icon(name), h("span", {}, text));
  const dark = document.documentElement.dataset.theme === "dark";
  const picker = h("select", {
    "aria-label": t("nav.language"), class: "language",
    onchange: () => { chooseLanguage(picker.value); void begin(); },
  }, languages().map((each) => h("option", { value: each.code, lang: each.code, selected: each.code === language() }, each.name)));
  header.replaceChildren(
    h("a", { href: "/", class: "brand", "aria-label": t("nav.home") },
      h("img", { src: "/favicon.svg", alt: "", width: "30", height: "30" }), h("span", {}, "Sluice")),
    h("nav", { "aria-label": t("nav.main") },
      user ? [link("/studio", t("nav.studio"), "film"), link("/upload", t("nav.upload"), "upload", "strong")] : null),
    h("div", { class: "tools" }, picker,
      h("button", { type: "button", class: "round", "aria-label": t(dark ? "nav.light" : "nav.dark"), title: t(dark ? "nav.light" : "nav.dark"),
        onclick: () => { flipTheme(); drawHeader(); } }, icon(dark ? "sun" : "moon")),
      user
        ? h("button", { type: "button", class: "nav", onclick: signOut, "aria-label": t("nav.logout") }, icon("user"),
          h("span", {}, t("nav.logout")))
        : h("a", { href: "/login", class: "nav strong" }, icon("user"), h("span", {}, t("nav.login")))));
}

async function signOut() {
  await api.logout().catch(() => undefined);
  await session.load();
  go("/");
}

async function begin() {
  applyTheme();
  await loadLanguage();
  const skip = document.querySelector(".skip");
  if (skip) skip.textContent = t("nav.skip");
  await session.load();
  await show();
}

onNavigate(() => void show());
void begin();
