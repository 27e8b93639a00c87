// Draws what a run did: a row for each operation and moment, with its bar or mark on the time axis.
import { Axis, needsPacking } from "./axis.js";
import { byId, fill, keep, make } from "./dom.js";
import { duration } from "./words.js";

const STORE = "runtime_min axis";
const MARKS = new Set(["started", "signal", "cancel", "patched", "closed"]);

export const isMark = (entry) => entry.key.startsWith("mark");

let entries = [], isOpen = false, now = () => 0, choose = () => {};

export function setUp(onChoose) {
  choose = onChoose;
  byId("axis").addEventListener("change", (event) => {
    localStorage.setItem(STORE, event.target.value);
    layOut();
  });
  byId("rows").addEventListener("keydown", move);
}

// `clock` gives the server's time, up to which open bars grow; `goesOn` is whether the axis does, too.
export function draw(list, clock, goesOn) {
  entries = list;
  isOpen = goesOn;
  now = clock;
  keep(byId("rows"), entries, (entry) => entry.key, createRow, writeRow);
  const buttons = [...byId("rows").querySelectorAll("button")];
  // One stop of the Tab key; from there the arrow keys go on.
  if (buttons.length && !buttons.some((button) => button.tabIndex === 0)) buttons[0].tabIndex = 0;
  layOut();
}

let marked = null;

export function markChosen(key) {
  for (const item of byId("rows").children) {
    const isChosen = item.dataset.key === key;
    item.firstElementChild.classList.toggle("chosen", isChosen);
    item.firstElementChild.setAttribute("aria-expanded", String(isChosen));
    if (isChosen && key !== marked) item.firstElementChild.scrollIntoView({ block: "nearest" });
  }
  marked = key;
}

export function focusRow(key) {
  const item = [...byId("rows").children].find((one) => one.dataset.key === key);
  item?.firstElementChild.focus();
}

// ---- rows ---------------------------------------------------------------------------------------

function createRow(entry) {
  const button = make("button", { className: "row", type: "button", tabIndex: -1 });
  button.addEventListener("click", () => choose(entry.key));
  button.addEventListener("focus", () => stopAt(button));
  return make("li", {}, button);
}

function writeRow(item, entry) {
  const button = item.firstElementChild;
  fill(button, what(entry), make("span", { className: "track" }, ...pieces(entry)), took(entry),
    entry.failure && make("span", { className: "why" }, entry.failure));
  button.setAttribute("aria-label", spoken(entry));
  button.title = entry.preview;
}

function what(entry) {
  return make("span", { className: "what" }, make("span", { className: "kind" }, entry.kind), " ", entry.name || entry.target,
    entry.attempt > 1 && make("span", { className: "tries" }, `  attempt ${entry.attempt}`),
    entry.preview && make("span", { className: "preview" }, `  ${entry.preview}`));
}

function took(entry) {
  const element = make("span", { className: "took" });
  element.entry = entry;
  return element;
}

function tookText(entry) {
  if (isMark(entry)) return "";
  if (entry.end === null && entry.kind === "timer") return `${duration(entry.due - now())} left`;
  return duration((entry.end ?? now()) - entry.begin);
}

function spoken(entry) {
  const name = `${entry.kind} ${entry.name || entry.target}`.trim();
  if (isMark(entry)) return [name, entry.failure].filter(Boolean).join(", ");
  const length = entry.end === null ? "" : `took ${duration(entry.end - entry.begin)}`;
  const attempt = entry.attempt > 1 ? `attempt ${entry.attempt}` : "";
  return [name, entry.status, length, attempt, entry.failure].filter(Boolean).join(", ");
}

// The parts of a row's track. Each knows from when to when it goes; null is the present.
function pieces(entry) {
  if (isMark(entry)) return [piece(`mark ${MARKS.has(entry.kind) ? entry.kind : ""}`, entry.begin, entry.begin)];
  const parts = [];
  let begin = entry.begin;
  for (const [ended, next] of entry.attempts) {
    parts.push(piece("try", begin, ended), piece("pause", ended, Math.min(next, entry.end ?? next)));
    begin = next;
  }
  const end = entry.end === null ? null : Math.max(entry.end, begin);
  if (end !== null || begin <= now()) parts.push(piece(`${entry.status} ${entry.kind}`, Math.min(begin, end ?? begin), end));
  if (end === null && entry.due) parts.push(piece("ahead", null, entry.due));
  return parts;
}

function piece(className, from, to) {
  const element = make("i", { className });
  element.from = from;
  element.to = to;
  return element;
}

// ---- places -------------------------------------------------------------------------------------

// Puts everything where it is at this moment.
export function layOut() {
  if (!entries.length) return;
  const present = now();
  const axis = new Axis(moments(present), kindOfAxis(present));
  for (const element of byId("rows").querySelectorAll(".track > i")) {
    const left = axis.at(element.from ?? present) * 100, right = axis.at(element.to ?? present) * 100;
    // A bar at the right edge keeps its least width.
    element.style.left = element.classList.contains("mark") ? `${left}%` : `min(${left}%, calc(100% - 3px))`;
    if (!element.classList.contains("mark")) element.style.width = `${Math.max(right - left, 0)}%`;
  }
  for (const element of byId("rows").querySelectorAll(".took")) {
    const text = tookText(element.entry);
    if (element.textContent !== text) element.textContent = text;
  }
  drawTicks(axis);
}

function moments(present) {
  const found = isOpen ? [present] : [];
  for (const { begin, end, due, attempts } of entries) {
    found.push(begin, end ?? present);
    if (end === null && due) found.push(due);
    for (const [ended, next] of attempts) found.push(ended, end === null ? next : Math.min(next, end));
  }
  return found;
}

// What the reader chose; without a choice an even axis, if that shows everything.
function kindOfAxis(present) {
  const chosen = localStorage.getItem(STORE);
  const all = moments(present);
  const whole = all.reduce((a, b) => Math.max(a, b)) - entries[0].begin;
  const spans = entries.map(({ begin, end }) => ({ begin, end: end ?? present }));
  const kind = ["time", "packed", "order"].includes(chosen) ? chosen : needsPacking(spans, whole) ? "packed" : "time";
  byId("axis").querySelector(`[value=${kind}]`).checked = true;
  return kind;
}

function drawTicks(axis) {
  const most = Math.max(Math.floor(byId("ticks").clientWidth / 90), 2);
  const ticks = axis.ticks(most);
  fill(byId("ticks"), ...ticks.map(({ at, text }) => placed(make("span", { className: edge(at) }, text), at)));
  fill(byId("grid"), ...ticks.map(({ at }) => placed(make("i"), at)));
}

const edge = (at) => (at < 0.03 ? "start" : at > 0.95 ? "end" : "");

function placed(element, at) {
  element.style.left = `${at * 100}%`;
  return element;
}

// ---- keys ---------------------------------------------------------------------------------------

function move(event) {
  const buttons = [...byId("rows").querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (to === undefined || at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  buttons[Math.min(Math.max(to, 0), buttons.length - 1)].focus();
}

function stopAt(button) {
  for (const other of byId("rows").querySelectorAll('button[tabindex="0"]')) other.tabIndex = -1;
  button.tabIndex = 0;
}
