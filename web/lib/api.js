// The server's API. The session lives in HttpOnly cookies; this file never sees a token.
import { has, t } from "./i18n.js";

/**
 * @typedef {{id: string, username: string, display_name?: string, role?: string}} User
 * @typedef {{language: string, label: string, url: string}} Caption
 * @typedef {{start: number, title: string}} Chapter
 * @typedef {{quality: string, width: number, height: number, bitrate: number, codec: string}} Rung
 * @typedef {{id: string, user: User, title: string, description: string, duration: number,
 *   status: string, progress: number, privacy: string, view_count: number, like_count: number,
 *   comment_count: number, liked: boolean, hls_url?: string | null, thumbnail_url?: string | null,
 *   storyboard_url?: string | null, files?: Rung[], captions?: Caption[], chapters?: Chapter[],
 *   error?: string | null, created_at: string}} Video
 * @typedef {{items: Video[], next_cursor?: string | null}} VideoPage
 * @typedef {{field: string, message?: string, detail?: string}} FieldError
 */

/** What the server (or the way to it) said no with. `status` 0 means it could not be reached. */
export class APIError extends Error {
  /**
   * @param {number} status
   * @param {string} [detail]
   * @param {FieldError[]} [errors]
   * @param {number} [retryAfter] seconds
   * @param {string} [type]
   */
  constructor(status, detail = "", errors = [], retryAfter = 0, type = "") {
    super(detail || `status ${status}`);
    this.status = status;
    this.detail = detail;
    this.errors = errors;
    this.retryAfter = retryAfter;
    this.type = type;
  }
}

/**
 * The error in the person's own language; `context` picks a closer sentence where there is one,
 * such as error.login.401.
 * @param {unknown} error
 * @param {string} [context]
 * @returns {string}
 */
export function explain(error, context = "") {
  if (!(error instanceof APIError)) return t("error.unknown");
  const values = { seconds: Math.max(1, error.retryAfter) };
  for (const key of [`error.${context}.${error.status}`, `error.${error.status}`]) {
    if (has(key)) return t(key, values);
  }
  return t(error.status >= 500 ? "error.500" : "error.unknown");
}

/** @type {Promise<boolean> | null} */
let refreshing = null;

/** Renews the session once for all callers that found it expired. */
function refresh() {
  refreshing ??= fetch("/api/auth/refresh", {
    method: "POST", credentials: "same-origin", body: "{}",
    headers: { "Content-Type": "application/json" },
  }).then((response) => response.ok, () => false).finally(() => { refreshing = null; });
  return refreshing;
}

/**
 * `fetch` with the session: after a 401 it renews the session once and asks again.
 * @param {string} url
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
export async function send(url, options = {}) {
  const ask = () => fetch(url, { credentials: "same-origin", ...options });
  try {
    const response = await ask();
    if (response.status !== 401 || url.startsWith("/api/auth/")) return response;
    return (await refresh()) ? await ask() : response;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new APIError(0);
  }
}

/** @param {Response} response */
export async function failure(response) {
  /** @type {any} */
  const problem = await response.json().catch(() => ({}));
  return new APIError(
    response.status, String(problem?.detail ?? problem?.title ?? ""),
    Array.isArray(problem?.errors) ? problem.errors : [],
    Number(response.headers.get("Retry-After")) || 0, String(problem?.type ?? ""));
}

/**
 * @param {string} method
 * @param {string} url
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
async function call(method, url, body) {
  const response = await send(url, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  if (!response.ok) throw await failure(response);
  return response.status === 204 ? null : response.json().catch(() => null);
}

/** @param {Record<string, string | undefined | null>} values */
function query(values) {
  const set = Object.entries(values).filter((pair) => pair[1]);
  return new URLSearchParams(/** @type {[string, string][]} */ (set)).toString();
}
const id = encodeURIComponent;

export const api = {
  /** @returns {Promise<User>} */
  me: async () => { const body = await call("GET", "/api/me"); return body?.user ?? body; },
  /** @param {string} name @param {string} password */
  login: (name, password) => call("POST", "/api/auth/login",
    name.includes("@") ? { email: name, password } : { username: name, password }),
  /** @param {string} username @param {string} email @param {string} password */
  register: (username, email, password) =>
    call("POST", "/api/auth/register", { username, email, password }),
  logout: () => call("POST", "/api/auth/logout", {}),
  /** @param {string} token @param {string} username @param {string} password */
  setup: (token, username, password) => call("POST", "/api/setup", { token, username, password }),
  /** @param {string | null} cursor @param {string} sort @returns {Promise<VideoPage>} */
  feed: (cursor, sort) => call("GET", `/api/feed?${query({ cursor, sort, limit: "24" })}`),
  /** @param {string | null} cursor @returns {Promise<VideoPage>} */
  mine: (cursor) => call("GET", `/api/videos?${query({ mine: "1", cursor })}`),
  /** @param {string} video @returns {Promise<Video>} */
  video: async (video) => {
    const body = await call("GET", `/api/videos/${id(video)}`);
    return body?.video ?? body;
  },
  /** @param {string} video @param {Partial<Video> & {password?: string}} changes */
  edit: (video, changes) => call("PATCH", `/api/videos/${id(video)}`, changes),
  /** @param {string} video */
  remove: (video) => call("DELETE", `/api/videos/${id(video)}`),
  /** @param {string} video @param {string} password */
  unlock: (video, password) => call("POST", `/api/videos/${id(video)}/unlock`, { password }),
  /** @param {string} video @param {string} code @param {File} file */
  captions: async (video, code, file) => {
    const type = file.name.toLowerCase().endsWith(".srt") ? "application/x-subrip" : "text/vtt";
    const response = await send(`/api/videos/${id(video)}/captions/${id(code)}`, {
      method: "PUT", body: file, headers: { "Content-Type": type },
    });
    if (!response.ok) throw await failure(response);
  },
};

/** @type {User | null} */
let user = null;
export const session = {
  get user() { return user; },
  /** Asks who is signed in; nobody is no error. */
  async load() {
    user = await api.me().catch(() => null);
    document.dispatchEvent(new Event("sluice-session"));
  },
};
