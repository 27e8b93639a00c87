// Decides what is shown, and keeps it up to date: the server is asked again and again whether something has
// changed, which costs it next to nothing as long as nothing has.
import { Refused, ask, giveToken, takeToken } from "./api.js";
import { byId } from "./dom.js";
import * as run from "./run.js";
import * as runs from "./runs.js";

const VIEWS = { runs, run };
const PAUSE = 700, LONGEST_PAUSE = 10_000; // milliseconds

let view = null, asking = null, ahead = 0;

// The server's time, which is what the histories' times are compared with.
const now = () => Date.now() / 1000 + ahead;

// ---- what is shown ------------------------------------------------------------------------------

function show() {
  const [name, parameters] = location.hash.slice(1).split(/\?(.*)/s);
  view = VIEWS[name] ?? runs;
  byId("runs").hidden ||= view !== runs;
  byId("run").hidden ||= view !== run;
  view.open(new URLSearchParams(VIEWS[name] ? parameters : ""));
  byId("door").hidden = true;
  follow();
}

// Goes to another place of the page; `push` makes a step that the Back button undoes.
function navigate(hash, push) {
  if (push) { location.hash = hash; return; }
  history.replaceState(null, "", hash);
  const [, parameters] = hash.split(/\?(.*)/s);
  const before = view.address();
  view.open(new URLSearchParams(parameters ?? ""));
  if (view.address() !== before) follow();
}

function reveal(content) {
  byId("runs").hidden = view !== runs;
  byId("run").hidden = view !== run;
  byId("notice").hidden = true;
  ahead = content.now - Date.now() / 1000;
  view.show(content, now);
}

// ---- live update --------------------------------------------------------------------------------

// Follows the view until another one is followed.
async function follow() {
  asking?.abort();
  const mine = asking = new AbortController();
  let tag = "", failures = 0;
  while (!mine.signal.aborted) {
    const begin = performance.now();
    try {
      const answer = await ask(view.address(), tag, mine.signal);
      if (mine.signal.aborted) return;
      tag = answer.tag;
      failures = 0;
      if (answer.content) reveal(answer.content);
      tellLive("on", "live");
    } catch (error) {
      if (mine.signal.aborted) return;
      if (fail(error, tag === "")) return;
      failures += 1;
    }
    // A long history takes a while to send: no more than a fifth of the time goes into that.
    const pause = Math.max(PAUSE, 4 * (performance.now() - begin)) * 2 ** Math.min(failures, 4);
    await rest(Math.min(pause, LONGEST_PAUSE), mine.signal);
  }
}

// Says what is wrong; whether it is in vain to ask again. Without anything to show, that is all there is.
function fail(error, isFirst) {
  if (isFirst) hideAll();
  if (!(error instanceof Refused)) {
    tellLive("off", "no answer; trying again");
    if (!(error instanceof TypeError)) console.error(error);
    return false;
  }
  if (error.status === 401) {
    hideAll();
    byId("door").hidden = false;
    byId("token").focus();
    tellLive("off", "not open");
    return true;
  }
  byId("notice").hidden = !isFirst;
  byId("notice").textContent = error.message;
  tellLive("off", error.status === 404 ? "not found" : "trouble");
  return error.status === 400;
}

function hideAll() {
  byId("runs").hidden = byId("run").hidden = byId("notice").hidden = true;
}

function tellLive(className, text) {
  const output = byId("live");
  if (output.textContent === text) return;
  output.className = className;
  output.textContent = text;
}

// Waits, and longer while nobody looks at the page.
async function rest(milliseconds, signal) {
  await until((done) => setTimeout(done, milliseconds), signal);
  if (document.hidden) await until((done) => document.addEventListener("visibilitychange", done, { once: true }), signal);
}

const until = (begin, signal) => new Promise((done) => {
  begin(done);
  signal.addEventListener("abort", done, { once: true });
});

// ---- begin --------------------------------------------------------------------------------------

async function describe() {
  try {
    const { content } = await ask("api/about");
    byId("database").textContent = content.database;
    runs.suggest(content.workflows);
    run.suggestSignals(content.signals);
  } catch (error) {
    if (!(error instanceof Refused)) throw error; // what is refused shows in the view itself
  }
}

byId("door").addEventListener("submit", (event) => {
  event.preventDefault();
  giveToken(byId("token").value);
  byId("token").value = "";
  show();
  describe();
});
addEventListener("hashchange", () => { takeToken(); show(); });
setInterval(() => { if (!document.hidden) view.tick(now()); }, 500);

takeToken();
runs.setUp(navigate);
run.setUp(navigate);
show();
describe();
