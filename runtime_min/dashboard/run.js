// One run: how it stands, its picture, the details of what was chosen, and the forms that talk to it.
import { ask, order } from "./api.js";
import * as chart from "./chart.js";
import { byId, fill, make } from "./dom.js";
import { runAddress } from "./runs.js";
import { duration, moment, plural } from "./words.js";

let go = () => {}, query = new URLSearchParams(), whole = null, clock = () => 0;
let shown = ""; // the entry in the panel, as it was when it was put there

export function setUp(navigate) {
  go = navigate;
  chart.setUp((key) => choose(key === query.get("entry") ? null : key));
  byId("signal").addEventListener("submit", sendSignal);
  byId("cancel").addEventListener("click", askToCancel);
  byId("sure").addEventListener("close", cancelIfSure);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && query.get("entry") && !byId("sure").open) close();
  });
  addEventListener("resize", () => chart.layOut());
}

export function open(parameters) {
  const isOther = parameters.get("id") !== query.get("id") || parameters.get("generation") !== query.get("generation");
  query = parameters;
  if (isOther || byId("run").hidden) {
    // Until this one's answer comes, nobody shall act on what another one's picture shows.
    byId("run").hidden = true;
    whole = null;
    byId("sent").textContent = "";
    byId("actions").open = false;
    byId("panel").hidden = true;
    shown = "";
  }
  document.title = `${query.get("id")} · runtime_min`;
}

export function address() {
  const asked = new URLSearchParams();
  for (const name of ["id", "generation", "first"]) if (query.has(name)) asked.set(name, query.get(name));
  return `api/run?${asked}`;
}

export function show(content, now) {
  whole = content;
  clock = now;
  drawSummary();
  drawWindows();
  const isLast = whole.first + whole.entries.length >= whole.total;
  chart.draw(whole.entries, clock, whole.end === null && isLast);
  showDetails();
  chart.markChosen(query.get("entry"));
}

export function tick() {
  if (whole && whole.end === null) {
    chart.layOut();
    drawTook();
  }
}

// ---- summary ------------------------------------------------------------------------------------

function drawSummary() {
  const { run } = whole;
  fill(byId("title"), make("span", {}, run.id), make("span", { className: `state ${run.state}` }, run.state));
  fill(byId("facts"),
    make("span", {}, run.workflow + (run.version ? ` · version ${run.version}` : "")),
    make("span", {}, moment(whole.begin)), make("span", { id: "whole-took" }), make("span", {}, plural(run.events, "event")),
    make("span", {}, standing(run)));
  drawTook();
  fill(byId("relations"), ...relations());
  const trouble = [run.problem, whole.failure].filter(Boolean).join("\n");
  byId("problem").textContent = trouble;
  byId("problem").hidden = !trouble;
  byId("actions").hidden = run.state !== "running" || run.imported;
}

// What it waits for, as far as one can tell from outside.
function standing(run) {
  if (run.imported) return "imported, only to look at";
  if (run.state !== "running" || run.problem) return "";
  if (run.held) return "a worker has it";
  if (run.wake === null) return "waits for a message";
  return run.wake > clock() ? `sleeps until ${moment(run.wake)}` : "waits for a worker";
}

function drawTook() {
  byId("whole-took").textContent = duration((whole.end ?? clock()) - whole.begin);
}

function relations() {
  const { run, parent, newest } = whole;
  const found = [];
  if (parent) found.push(make("span", {}, "child of ", make("a", { href: runAddress(parent.id, parent.generation) }, parent.id)));
  if (newest === 0) return found;
  const link = (generation, text) => make("a", { href: runAddress(run.id, generation) }, text);
  found.push(make("span", {}, `generation ${run.generation} of 0–${newest}`));
  if (run.generation > 0) found.push(link(run.generation - 1, "previous"));
  if (run.generation < newest) found.push(link(run.generation + 1, "next"));
  if (run.generation < newest - 1) found.push(link(newest, "newest"));
  return found;
}

// Long histories are shown in parts.
function drawWindows() {
  const { first, total, entries } = whole;
  const size = 250, end = first + entries.length;
  if (first === 0 && end >= total) return fill(byId("windows"));
  const to = (text, place, enabled) => {
    const button = make("button", { type: "button", disabled: !enabled }, text);
    button.addEventListener("click", () => change({ first: place, entry: null }));
    return button;
  };
  return fill(byId("windows"),
    to("First", 0, first > 0), to("Previous", Math.max(first - size, 0), first > 0),
    make("span", {}, `${(first + 1).toLocaleString()}–${end.toLocaleString()} of ${total.toLocaleString()}`),
    to("Next", end, end < total), to("Last", Math.max(total - size, 0), end < total));
}

// ---- details ------------------------------------------------------------------------------------

function change(parts) {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(parts)) {
    if (value === null) next.delete(name); else next.set(name, value);
  }
  go(`#run?${next}`, false);
}

function choose(key) {
  change({ entry: key });
  showDetails(); // first, since the row is scrolled to where the panel leaves it visible
  chart.markChosen(key);
}

function close() {
  const key = query.get("entry");
  choose(null);
  chart.focusRow(key);
}

async function showDetails() {
  const key = query.get("entry");
  const entry = whole.entries.find((one) => one.key === key);
  byId("panel").hidden = !entry;
  chart.layOut(); // the panel takes room from the picture
  const wanted = entry ? JSON.stringify([whole.run.id, whole.run.generation, entry]) : "";
  if (wanted === shown) return;
  shown = wanted;
  if (!entry) return;
  const asked = new URLSearchParams({ id: whole.run.id, generation: whole.run.generation, key });
  try {
    const { content } = await ask(`api/entry?${asked}`);
    if (shown === wanted) drawDetails(content);
  } catch (error) {
    if (shown === wanted) fill(byId("panel"), closer(), make("p", { className: "trouble" }, error.message));
  }
}

function drawDetails(details) {
  const { entry } = details;
  const isMoment = chart.isMark(entry);
  fill(byId("panel"), closer(),
    make("h2", {}, `${entry.kind} ${entry.name || entry.target}`),
    !isMoment && make("span", { className: `state ${entry.status}` }, entry.status),
    make("p", { className: "quiet" }, times(entry, isMoment)),
    entry.target && entry.kind !== "timer" && make("p", {}, "run ", make("a", { href: runAddress(entry.target) }, entry.target)),
    ...text(isMoment ? valueTitle(entry) : "Arguments", details.arguments), ...text("Result", details.result),
    ...failure("Failure", details.failure),
    ...details.attempts.flatMap(([number, failed]) => failure(`Attempt ${number} failed`, failed)),
    ...source(details));
}

function closer() {
  const button = make("button", { className: "close", type: "button", "aria-label": "Close the details" }, "×");
  button.addEventListener("click", close);
  return button;
}

function times(entry, isMoment) {
  const begin = `${moment(entry.begin)} (+${duration(entry.begin - whole.begin)})`;
  if (isMoment) return begin;
  if (entry.end === null) return entry.kind === "timer" ? `${begin}, due ${moment(entry.due)}` : `${begin}, still open`;
  return `${begin}, took ${duration(entry.end - entry.begin)}${entry.attempt > 1 ? `, attempt ${entry.attempt}` : ""}`;
}

const valueTitle = (entry) => ({ started: "Arguments", closed: entry.name === "continued" ? "Arguments of the next generation" : "Result" })[entry.kind] ?? "Value";

function text(title, { text: value, cut }) {
  if (!value) return [];
  const more = cut ? [make("p", { className: "quiet" }, `${plural(cut, "more character")} not shown`)] : [];
  return [make("h3", {}, title), make("pre", { tabIndex: 0, "aria-label": title, role: "region" }, value), ...more];
}

function failure(title, failed) {
  if (!failed) return [];
  const [kind, , message, trace] = failed;
  return [make("h3", {}, title), make("p", { className: "trouble" }, message ? `${kind}: ${message}` : kind),
    ...(trace.trim() ? [make("pre", { className: "trace", tabIndex: 0, "aria-label": "Traceback", role: "region" }, trace)] : [])];
}

function source({ where, line }) {
  return where ? [make("h3", {}, `Asked for at ${where}`), make("pre", { className: "source" }, line || where)] : [];
}

// ---- messages -----------------------------------------------------------------------------------

export function suggestSignals(names) {
  fill(byId("signals"), ...names.map((name) => make("option", { value: name })));
}

function sendSignal(event) {
  event.preventDefault();
  const name = byId("signal-name").value.trim();
  tell(() => order("api/signal", { id: whole.run.id, name, value: byId("signal-value").value }), `Signal ${name} is sent.`);
}

function askToCancel() {
  const id = whole.run.id;
  byId("sure-text").textContent = `Cancel ${id}? It may clean up first.`;
  byId("sure").dataset.id = id;
  byId("sure").returnValue = "no";
  byId("sure").showModal();
}

// A dialog tells that it is closed some time after it is: by then the question may be open again, with "no" for its value.
function cancelIfSure() {
  const { returnValue, dataset: { id } } = byId("sure");
  if (returnValue === "yes") tell(() => order("api/cancel", { id }), "The run is asked to stop.");
}

async function tell(send, done) {
  const output = byId("sent");
  try {
    await send();
    output.className = "";
    output.textContent = done;
  } catch (error) {
    output.className = "bad";
    output.textContent = error.message;
  }
}
