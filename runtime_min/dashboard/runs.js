// The list of runs: filters, counts and pages. What is chosen stands in the address, so that it can be
// reloaded, gone back to and kept as a bookmark.
import { byId, fill, keep, make } from "./dom.js";
import { duration, moment, plural } from "./words.js";

const STATES = ["running", "completed", "failed", "cancelled", "continued"];
const known = new Set(); // workflows, for the filter's suggestions

let go = () => {}, query = new URLSearchParams(), last = null;

export function setUp(navigate) {
  go = navigate;
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("workflow").addEventListener("input", () => soon({ workflow: byId("workflow").value.trim() }));
  byId("prefix").addEventListener("input", () => soon({ prefix: byId("prefix").value }));
  byId("newest").addEventListener("click", () => change({}));
  byId("older").addEventListener("click", () => change({ before: last }, { push: true }));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || byId("runs").hidden || event.target.matches("input")) return;
    event.preventDefault();
    byId("prefix").focus();
  });
}

export function open(parameters) {
  query = parameters;
  for (const name of ["workflow", "prefix"]) {
    if (document.activeElement !== byId(name)) byId(name).value = query.get(name) ?? "";
  }
  document.title = "Runs · runtime_min";
}

export const address = () => `api/runs?${query}`;

export function suggest(workflows) {
  workflows.forEach((workflow) => known.add(workflow));
  keep(byId("workflows"), [...known].sort(), (name) => name, () => make("option"), (option, name) => { option.value = name; });
}

export function show(page) {
  drawStates(page.counts);
  suggest(page.runs.map((run) => run.workflow));
  keep(byId("list"), page.runs, (run) => run.number, () => make("tr"), writeRun);
  for (const cell of byId("list").querySelectorAll(".took")) grow(cell, page.now);
  byId("empty").hidden = page.runs.length > 0;
  byId("empty").textContent = [...query].length ? "No run is like that." : "There are no runs yet.";
  last = page.runs.length ? page.runs[page.runs.length - 1].number : null;
  byId("older").disabled = !page.more;
  byId("newest").disabled = !query.has("before");
  byId("pages").hidden = !page.more && !query.has("before");
}

// Between two answers of the server: how long those that run have been running.
export function tick(now) {
  for (const cell of byId("list").querySelectorAll(".took")) grow(cell, now);
}

function grow(cell, now) {
  const text = duration((cell.run.closed ?? now) - cell.run.created);
  if (cell.textContent !== text) cell.textContent = text;
}

function writeRun(row, run) {
  const cell = make("td", { className: "number took" });
  cell.run = run;
  fill(row,
    make("td", {},
      // What goes on as new is followed into its next generation.
      make("a", { className: "id", href: runAddress(run.id, run.state === "continued" ? run.generation : null) }, run.id),
      run.generation > 0 && make("span", { className: "quiet" }, ` generation ${run.generation}`),
      make("span", { className: "flow" }, run.workflow),
      run.problem && make("div", { className: "trouble" }, run.problem.split("\n")[0])),
    make("td", {}, make("span", { className: `state ${run.state}` }, run.state)),
    make("td", { className: "wide quiet" }, moment(run.created)),
    cell,
    make("td", { className: "number wide quiet" }, run.events.toLocaleString()));
}

export function runAddress(id, generation = null) {
  const parameters = new URLSearchParams({ id });
  if (generation !== null) parameters.set("generation", generation);
  return `#run?${parameters}`;
}

function drawStates(counts) {
  const total = STATES.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  const chosen = query.get("state") ?? "";
  const choices = [["", "all", total], ...STATES.map((state) => [state, state, counts[state] ?? 0])]
    .map(([value, label, number]) => ({ value, label, number, chosen: value === chosen }))
    .filter(({ value, number, chosen: isChosen }) => number || !value || value === "running" || isChosen);
  keep(byId("states"), choices, ({ value }) => value, createState, writeState);
}

function createState({ value }) {
  const button = make("button", { type: "button" });
  button.addEventListener("click", () => change({ state: value }));
  return button;
}

function writeState(button, { label, number, chosen }) {
  fill(button, label, make("b", {}, number.toLocaleString()));
  button.setAttribute("aria-pressed", String(chosen));
  button.setAttribute("aria-label", `${label}, ${plural(number, "run")}`);
}

// Another filter begins at the newest runs again.
function change(parts, { push = false } = {}) {
  const next = new URLSearchParams(query);
  next.delete("before");
  for (const [name, value] of Object.entries(parts)) {
    if (value === "" || value === null) next.delete(name); else next.set(name, value);
  }
  go(`#runs${[...next].length ? `?${next}` : ""}`, push);
}

let typing = 0;

function soon(parts) {
  clearTimeout(typing);
  typing = setTimeout(() => change(parts), 200);
}
