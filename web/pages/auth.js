// Sign in, register and the first administrator: one form, three uses.
import { api, APIError, explain, session } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { has, t } from "../lib/i18n.js";
import { go, within } from "../lib/router.js";

/** @param {Record<string, string>} parameters */
export default function auth({ page = "login" }) {
  const query = new URLSearchParams(location.search);
  const isNew = page !== "login";
  const field = (/** @type {string} */ id, /** @type {string} */ label, /** @type {Record<string, any>} */ attributes, hint = "") => {
    const problem = h("span", { class: "problem", id: `${id}-problem` });
    const input = h("input", { id, name: id, required: true, "aria-describedby": `${id}-problem`, ...attributes });
    return { input, problem, row: h("div", { class: "field" }, h("label", { for: id }, label), input, hint ? h("span", { class: "hint" }, hint) : null, problem) };
  };
  const name = field("username", t(isNew ? "auth.username" : "auth.name"), { autocomplete: "username", autocapitalize: "none", spellcheck: "false", maxlength: "254" });
  const email = field("email", t("auth.email"), { type: "email", autocomplete: "email", maxlength: "254" });
  const password = field("password", t("auth.password"), {
    type: "password", autocomplete: isNew ? "new-password" : "current-password", minlength: isNew ? "8" : null, maxlength: "256",
  }, isNew ? t("auth.passwordHint") : "");
  const fields = page === "register" ? [name, email, password] : [name, password];
  const problem = h("p", { class: "problem", role: "alert" });
  const button = h("button", { class: "button", type: "submit" }, t(`auth.${page}`));
  const token = query.get("token") ?? "";

  async function submit(/** @type {Event} */ event) {
    event.preventDefault();
    problem.textContent = "";
    for (const each of fields) { each.problem.textContent = ""; each.input.removeAttribute("aria-invalid"); }
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    try {
      const [who, secret] = [name.input.value.trim(), password.input.value];
      if (page === "login") await api.login(who, secret);
      else if (page === "register") await api.register(who, email.input.value.trim(), secret);
      else { await api.setup(token, who, secret); await api.login(who, secret); }
      await session.load();
      go(within(query.get("next")));
    } catch (error) {
      let told = false;
      for (const found of error instanceof APIError ? error.errors : []) {
        const at = fields.find((each) => each.input.id === found.field);
        if (!at) continue;
        at.problem.textContent = has(`error.field.${found.field}`) ? t(`error.field.${found.field}`) : explain(error);
        at.input.setAttribute("aria-invalid", "true");
        told = true;
      }
      if (!told) problem.textContent = explain(error, page);
    } finally {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  }

  const next = query.get("next") ? `?next=${encodeURIComponent(within(query.get("next")))}` : "";
  const other = page === "login"
    ? h("p", { class: "aside" }, t("auth.noAccount"), " ", h("a", { href: `/register${next}` }, t("auth.register")))
    : page === "register" ? h("p", { class: "aside" }, t("auth.hasAccount"), " ", h("a", { href: `/login${next}` }, t("auth.login"))) : null;
  const content = h("div", { class: "page centre" }, h("form", { class: "panel narrow", onsubmit: submit },
    h("img", { src: "/favicon.svg", alt: "", width: "48", height: "48" }), h("h1", {}, t(`auth.${page}.title`)),
    h("p", { class: "hint" }, t(`auth.${page}.hint`)), fields.map((each) => each.row), problem, button, other));
  return { title: t(`auth.${page}.title`), content };
}
