// Asks the server, with the token that the address of the first visit had.

const STORE = "runtime_min token";

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// Takes the token out of the address bar, where it would be seen, copied and kept in the browser's history.
export function takeToken() {
  const found = /^#token=([\w-]+)$/.exec(location.hash);
  if (!found) return;
  sessionStorage.setItem(STORE, found[1]);
  history.replaceState(null, "", location.pathname);
}

// From what a person pasted: the token, or the address that has it.
export function giveToken(text) {
  sessionStorage.setItem(STORE, text.trim().replace(/^.*#token=/, ""));
}

// What has changed since the answer with that tag; `content` is null if nothing has.
export async function ask(path, tag = "", signal = undefined) {
  const response = await request(path, { headers: tag ? { "If-None-Match": tag } : {}, signal });
  const content = response.status === 304 ? null : await response.json();
  return { content, tag: response.headers.get("ETag") ?? "" };
}

export async function order(path, body) {
  const headers = { "Content-Type": "application/json" };
  await request(path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function request(path, options) {
  const authorization = `Bearer ${sessionStorage.getItem(STORE) ?? ""}`;
  const response = await fetch(path, {
    ...options, cache: "no-store", credentials: "omit", redirect: "error",
    headers: { ...options.headers, Authorization: authorization },
  });
  if (response.ok || response.status === 304) return response;
  const { error } = await response.json().catch(() => ({ error: response.statusText }));
  throw new Refused(response.status, error);
}
