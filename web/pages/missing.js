import { h, icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

/** The page for an address that names nothing. */
export default function missing() {
  return { title: t("missing.title"), content: h("div", { class: "page" }, h("div", { class: "empty" }, icon("alert"),
    h("h1", {}, t("missing.title")), h("p", {}, t("missing.hint")), h("a", { class: "button", href: "/" }, t("nav.home")))) };
}
