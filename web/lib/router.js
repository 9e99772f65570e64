// Addresses of pages, over the history API.

/** @type {[RegExp, string, string[]][]} */
const table = [
  [/^\/$/, "feed", []], [/^\/watch\/([^/]+)$/, "watch", ["id"]], [/^\/login$/, "login", []],
  [/^\/register$/, "register", []], [/^\/setup$/, "setup", []], [/^\/upload$/, "upload", []],
  [/^\/studio$/, "studio", []],
];

/**
 * @param {string} path
 * @returns {{name: string, parameters: Record<string, string>}}
 */
export function route(path) {
  for (const [pattern, name, keys] of table) {
    const match = pattern.exec(path);
    if (!match) continue;
    try {
      const values = match.slice(1).map(decodeURIComponent);
      return { name, parameters: Object.fromEntries(keys.map((key, at) => [key, values[at] ?? ""])) };
    } catch { break; } // a malformed escape
  }
  return { name: "missing", parameters: {} };
}

/** @type {() => void} */
let changed = () => undefined;

/** @param {string} path @param {boolean} [replace] */
export function go(path, replace = false) {
  if (replace) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  changed();
}

/** @param {() => void} act */
export function onNavigate(act) {
  changed = act;
  addEventListener("popstate", act);
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (link.pathname === location.pathname && link.hash) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}

/** @param {string | null} path where to go after signing in; only within this site */
export const within = (path) => path && /^\/(?![/\\])/.test(path) ? path : "/";
