// Shows the call graph on a canvas: pan, zoom, search, select. Places come from Python; all text from
// the graph reaches the page through textContent or fillText, never as markup.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const { nodes, edges, looks } = JSON.parse(byId("data").textContent);
  const canvas = byId("graph"), panel = byId("panel"), query = byId("query");
  const pen = canvas.getContext("2d");
  const view = { x: 0, y: 0, scale: 1 };
  const FONT = "12px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
  const READABLE = 0.45; // below this scale only workflows are named
  let colors = {}, selected = -1, matches = [], current = -1, lit = null, waiting = false, moved = false;

  nodes.forEach((node) => { node.in = []; node.out = []; });
  edges.forEach((edge) => { nodes[edge.from].out.push(edge); nodes[edge.to].in.push(edge); edge.line2d = edgePath(edge); });
  const STROKES = { // by kind of edge: width, dash, words of the legend
    call: [1, [], "calls"], step: [2.2, [], "runs as a step or child"], start: [1.4, [5, 4], "starts"],
  };
  const strokeOf = (kind) => (kind === "child" ? "step" : Object.hasOwn(STROKES, kind) ? kind : "call");
  const wires = Object.fromEntries(Object.keys(STROKES).map((kind) => [kind, new Path2D()]));
  edges.forEach((edge) => wires[strokeOf(edge.kind)].addPath(edge.line2d));

  // ---- shapes -------------------------------------------------------------------------------------

  function edgePath(edge) {
    const [ax, ay, aw] = nodes[edge.from].box, [bx, by, bw] = nodes[edge.to].box;
    const path = new Path2D();
    if (edge.from === edge.to) {
      path.ellipse(ax + aw, ay, 12, 9, 0, -Math.PI * 0.75, Math.PI * 0.75);
      return path;
    }
    const back = bx < ax, beside = bx === ax;
    const points = [[back ? ax : ax + aw, ay], ...edge.bends, [back || beside ? bx + bw : bx, by]];
    path.moveTo(...points[0]);
    for (let i = 1; i < points.length; i++) {
      const [px, py] = points[i - 1], [x, y] = points[i];
      const pull = beside ? 40 : (x - px) / 2;
      path.bezierCurveTo(px + pull, py, beside ? x + pull : x - pull, y, x, y);
    }
    const [tipX, tipY] = points[points.length - 1], back2 = back || beside ? 6 : -6;
    path.moveTo(tipX + back2, tipY - 3.5);
    path.lineTo(tipX, tipY);
    path.lineTo(tipX + back2, tipY + 3.5);
    return path;
  }

  function outline(look, x, y, w, h) {
    const path = new Path2D(), cut = look === "workflow" ? h / 2 : 7;
    if (look === "step") path.roundRect(x, y, w, h, h / 2);
    else if (look === "pure") { path.rect(x, y, w, h); path.rect(x + 3, y + 3, w - 6, h - 6); }
    else if (look === "workflow" || look === "effect") {
      const side = look === "workflow" ? 0 : cut;
      [[x + cut, y], [x + w - cut, y], [x + w, y + (side || h / 2)], [x + w, y + h - (side || h / 2)],
        [x + w - cut, y + h], [x + cut, y + h], [x, y + h - (side || h / 2)], [x, y + (side || h / 2)]]
        .forEach((point, i) => (i ? path.lineTo(...point) : path.moveTo(...point)));
      path.closePath();
    } else path.roundRect(x, y, w, h, 3);
    return path;
  }

  function drawShape(pen, look, x, y, w, h) {
    const path = outline(look, x, y, w, h);
    pen.fillStyle = colors[look + "-fill"];
    pen.strokeStyle = colors[look];
    pen.lineWidth = { workflow: 2.5, effect: 2.5, step: 2 }[look] || 1.2;
    pen.setLineDash(look === "external" ? [4, 3] : []);
    pen.fill(path);
    pen.stroke(path);
    pen.setLineDash([]);
    if (look !== "effect") return;
    pen.fillStyle = colors.effect; // a warning triangle, for those who see no hue
    pen.beginPath();
    pen.moveTo(x + 14, y + h / 2 - 5);
    pen.lineTo(x + 20, y + h / 2 + 5);
    pen.lineTo(x + 8, y + h / 2 + 5);
    pen.fill();
  }

  // ---- drawing ------------------------------------------------------------------------------------

  function draw() {
    waiting = false;
    const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.setTransform(ratio * view.scale, 0, 0, ratio * view.scale, ratio * view.x, ratio * view.y);
    drawEdges();
    drawNodes(-view.x / view.scale, -view.y / view.scale, width / view.scale, height / view.scale);
    if (view.scale < READABLE) drawNamesFromAfar(ratio);
  }

  function drawEdges() {
    const thin = Math.max(1, 0.5 / view.scale);
    pen.strokeStyle = colors.edge;
    pen.globalAlpha = lit ? 0.15 : view.scale < READABLE ? 0.3 : 0.8;
    for (const [kind, [width, dash]] of Object.entries(STROKES)) {
      pen.lineWidth = width * thin;
      pen.setLineDash(dash);
      pen.stroke(wires[kind]);
    }
    pen.setLineDash([]);
    pen.globalAlpha = 1;
    if (selected < 0) return;
    strokeAll(nodes[selected].in, colors.in, 1.6 * thin);
    strokeAll(nodes[selected].out, colors.out, 1.6 * thin);
    strokeAll(pathTo(selected), colors.in, 3.2 * thin);
  }

  function strokeAll(list, color, width) {
    pen.strokeStyle = color;
    pen.lineWidth = width;
    list.forEach((edge) => pen.stroke(edge.line2d));
  }

  function drawNodes(left, top, width, height) {
    pen.font = FONT;
    pen.textBaseline = "middle";
    const found = new Set(matches);
    nodes.forEach((node, i) => {
      const [x, y, w, h] = node.box;
      if (x > left + width || x + w < left || y - h > top + height || y + h < top) return;
      pen.globalAlpha = lit && !lit.has(i) && !found.has(i) ? 0.25 : 1;
      if (i === selected || found.has(i)) {
        pen.fillStyle = colors.mark;
        const rim = (i === selected ? 5 : 3) / Math.min(1, Math.max(view.scale, 0.2));
        pen.fillRect(x - rim, y - h / 2 - rim, w + 2 * rim, h + 2 * rim);
      }
      if (view.scale < READABLE / 2) {
        pen.fillStyle = colors[node.look];
        pen.fillRect(x, y - h / 2, w, h);
        return;
      }
      drawShape(pen, node.look, x, y - h / 2, w, h);
      if (view.scale < READABLE) return;
      pen.fillStyle = colors.text;
      const inset = node.look === "effect" ? 24 : 15;
      pen.fillText(shorten(node.label), x + inset, y + 0.5, w - inset - 6);
    });
    pen.globalAlpha = 1;
  }

  function drawNamesFromAfar(ratio) {
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.font = FONT.replace("12px", "11px");
    let bottom = -Infinity;
    nodes.map((node, i) => [node, i])
      .filter(([node, i]) => node.look === "workflow" || i === selected)
      .sort(([a], [b]) => a.box[1] - b.box[1])
      .forEach(([node, i]) => {
        const x = node.box[0] * view.scale + view.x, y = node.box[1] * view.scale + view.y;
        if (y < bottom && i !== selected) return;
        bottom = y + 15;
        const label = shorten(node.label);
        pen.fillStyle = colors.page;
        pen.globalAlpha = 0.75;
        pen.fillRect(x - 3, y - 8, pen.measureText(label).width + 6, 16);
        pen.globalAlpha = 1;
        pen.fillStyle = i === selected ? colors.text : colors.workflow;
        pen.fillText(label, x, y + 0.5);
      });
  }

  function shorten(label) {
    const letters = [...label];
    return letters.length > 44 ? "…" + letters.slice(-43).join("") : label;
  }

  function redraw() {
    if (!waiting) { waiting = true; requestAnimationFrame(draw); }
  }

  // ---- moving -------------------------------------------------------------------------------------

  // Until somebody moves the view, it follows the size of the window.
  function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
    const scale = Math.min(4, Math.max(0.02, view.scale * factor));
    view.x = x - (x - view.x) * (scale / view.scale);
    view.y = y - (y - view.y) * (scale / view.scale);
    view.scale = scale;
    moved = true;
    redraw();
  }

  function pan(dx, dy) { view.x += dx; view.y += dy; moved = true; redraw(); }

  function fit() {
    moved = false;
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    nodes.forEach(({ box: [x, y, w, h] }) => {
      left = Math.min(left, x); right = Math.max(right, x + w);
      top = Math.min(top, y - h / 2); bottom = Math.max(bottom, y + h / 2);
    });
    if (left > right) return redraw();
    const width = canvas.clientWidth, height = canvas.clientHeight;
    view.scale = Math.min(1.25, (width - 60) / (right - left), (height - 60) / (bottom - top));
    view.x = (width - (left + right) * view.scale) / 2;
    view.y = (height - (top + bottom) * view.scale) / 2;
    redraw();
  }

  function center(i) {
    const [x, y, w] = nodes[i].box;
    view.scale = Math.max(view.scale, 0.8);
    const free = panel.hidden ? canvas.clientWidth : Math.max(200, canvas.clientWidth - panel.offsetWidth);
    view.x = free / 2 - (x + w / 2) * view.scale;
    view.y = canvas.clientHeight / 2 - y * view.scale;
    moved = true;
    redraw();
  }

  // ---- selecting ----------------------------------------------------------------------------------

  // The edges of a shortest chain from a workflow to node i: of plain calls, which run again on every
  // replay, or else one through steps and children, whose results are recorded.
  function pathTo(i) {
    const chain = shortest(i, (edge) => edge.kind === "call" && nodes[edge.from].look !== "step");
    return chain.length ? chain : shortest(i, () => true);
  }

  function shortest(i, follows) {
    const reached = new Map([[i, null]]), queue = [i];
    for (const at of queue) {
      if (nodes[at].look === "workflow" && at !== i) {
        const chain = [];
        for (let edge = reached.get(at); edge; edge = reached.get(edge.to)) chain.push(edge);
        return chain;
      }
      nodes[at].in.filter(follows).forEach((edge) => {
        if (!reached.has(edge.from)) { reached.set(edge.from, edge); queue.push(edge.from); }
      });
    }
    return [];
  }

  function select(i) {
    selected = i;
    lit = null;
    panel.hidden = i < 0;
    if (i >= 0) {
      lit = new Set([i]);
      [...nodes[i].in, ...nodes[i].out, ...pathTo(i)].forEach((edge) => lit.add(edge.from).add(edge.to));
      showPanel(nodes[i], pathTo(i));
    }
    redraw();
  }

  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  const place = (thing) => (thing.path ? `${thing.path}:${thing.line}` : "");

  function showPanel(node, chain) {
    const close = element("button", "×", "close");
    close.title = "Close (Esc)";
    close.onclick = () => select(-1);
    const badges = element("p");
    badges.append(element("span", [node.engine, looks[node.look]].filter(Boolean).join(" "), "badge " + node.look));
    node.effects.forEach((effect) => badges.append(element("span", effect, "badge effect")));
    panel.replaceChildren(close, element("h2", node.name), badges, element("p", place(node), "quiet"));
    const recorded = chain.some((edge) => edge.kind !== "call" || nodes[edge.from].look === "step");
    if (chain.length) list(recorded ? "Reached through a step" : "Replayed in a workflow", chain, (edge) => edge.from, "ol");
    list("Called by", node.in, (edge) => edge.from);
    list("Calls", node.out, (edge) => edge.to);
    panel.scrollTop = 0;
  }

  function list(title, items, end, tag = "ul") {
    if (!items.length) return;
    const rows = element(tag);
    items.forEach((edge) => {
      const row = element("li"), kind = edge.kind === "call" ? "" : ` (${edge.kind})`;
      const button = element("button", nodes[end(edge)].name + kind);
      if (place(edge)) button.append(element("span", "  " + place(edge), "quiet"));
      button.onclick = () => { select(end(edge)); center(end(edge)); };
      row.append(button);
      rows.append(row);
    });
    panel.append(element("h3", `${title} (${items.length})`), rows);
  }

  // ---- searching ----------------------------------------------------------------------------------

  // Best first: the whole name, its last part, then any part of name, path or effects.
  function rank(node, text) {
    const name = node.name.toLowerCase();
    if (name === text) return 0;
    if (name.endsWith("." + text)) return 1;
    if (name.includes(text)) return 2;
    return [node.label, node.path, ...node.effects].some((part) => part.toLowerCase().includes(text)) ? 3 : -1;
  }

  function search(text) {
    const wanted = text.trim().toLowerCase();
    const ranks = nodes.map((node) => (wanted ? rank(node, wanted) : -1));
    matches = nodes.map((_, i) => i).filter((i) => ranks[i] >= 0).sort((a, b) => ranks[a] - ranks[b] || a - b);
    current = -1;
    byId("count").textContent = wanted ? "0 found" : "";
    if (matches.length) next(1);
    else select(-1);
    try {
      history.replaceState(null, "", wanted ? "#q=" + encodeURIComponent(text.trim()) : "#");
    } catch { /* some embeddings forbid it; the search works without */ }
  }

  function next(step) {
    if (!matches.length) return;
    current = (current + step + matches.length) % matches.length;
    byId("count").textContent = `${current + 1} of ${matches.length}`;
    select(matches[current]);
    center(matches[current]);
  }

  function searchFromAddress() {
    const text = new URLSearchParams(location.hash.slice(1)).get("q") || "";
    if (text === query.value.trim()) return;
    query.value = text;
    search(text);
  }

  // ---- events -------------------------------------------------------------------------------------

  const fingers = new Map();
  let dragged = 0;

  function nodeAt(event) {
    const frame = canvas.getBoundingClientRect();
    const x = (event.clientX - frame.left - view.x) / view.scale, y = (event.clientY - frame.top - view.y) / view.scale;
    return nodes.findIndex(({ box: [left, middle, w, h] }) => x >= left && x <= left + w && Math.abs(y - middle) <= h / 2);
  }

  const spread = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a.x - b.x, a.y - b.y); };

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (!fingers.size) dragged = 0;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    canvas.classList.add("dragged");
  });
  canvas.addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) {
      const i = nodeAt(event);
      canvas.classList.toggle("over", i >= 0);
      canvas.title = i >= 0 ? nodes[i].name : "";
      return;
    }
    const dx = event.clientX - finger.x, dy = event.clientY - finger.y, before = fingers.size === 2 ? spread() : 0;
    Object.assign(finger, { x: event.clientX, y: event.clientY });
    dragged += Math.abs(dx) + Math.abs(dy);
    pan(dx / fingers.size, dy / fingers.size);
    if (before) {
      const frame = canvas.getBoundingClientRect(), [a, b] = [...fingers.values()];
      zoom(spread() / before, (a.x + b.x) / 2 - frame.left, (a.y + b.y) / 2 - frame.top);
    }
  });
  const lift = (event) => {
    if (event.type === "pointerup" && fingers.size === 1 && dragged < 5) select(nodeAt(event));
    fingers.delete(event.pointerId);
    canvas.classList.toggle("dragged", fingers.size > 0);
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const step = event.deltaMode ? event.deltaY * 16 : event.deltaY;
    zoom(Math.exp(-Math.max(-120, Math.min(120, step)) * 0.003), event.offsetX, event.offsetY);
  }, { passive: false });

  const KEYS = {
    "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: fit,
    ArrowLeft: () => pan(60, 0), ArrowRight: () => pan(-60, 0), ArrowUp: () => pan(0, 60), ArrowDown: () => pan(0, -60),
    "/": () => { query.focus(); query.select(); }, Escape: () => select(-1), n: () => next(1), N: () => next(-1),
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === query) {
      if (event.key === "Escape") { query.value = ""; search(""); canvas.focus(); }
      if (event.key === "Enter") { event.preventDefault(); next(event.shiftKey ? -1 : 1); }
      return;
    }
    if (!Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  byId("search").addEventListener("submit", (event) => event.preventDefault());
  query.addEventListener("input", () => search(query.value));
  byId("closer").onclick = () => zoom(1.25);
  byId("farther").onclick = () => zoom(0.8);
  byId("fit").onclick = fit;

  // ---- colors -------------------------------------------------------------------------------------

  function paint(theme) {
    document.documentElement.dataset.theme = theme;
    const style = getComputedStyle(document.documentElement);
    const names = ["page", "text", "edge", "in", "out", "mark", ...Object.keys(looks).flatMap((l) => [l, l + "-fill"])];
    colors = Object.fromEntries(names.map((name) => [name, style.getPropertyValue("--" + name).trim()]));
    byId("legend").replaceChildren(
      ...Object.entries(looks).map(([look, title]) => legendRow(title, (ink) => drawShape(ink, look, 2, 2, 30, 14))),
      ...Object.values(STROKES).map(([width, dash, title]) => legendRow(title, (ink) => {
        ink.strokeStyle = colors.edge;
        ink.lineWidth = width;
        ink.setLineDash(dash);
        ink.stroke(new Path2D("M2 9 H32 m-5 -3.5 l5 3.5 l-5 3.5"));
      })),
    );
    redraw();
  }

  function legendRow(title, drawSample) {
    const row = element("li"), sample = element("canvas"), ratio = devicePixelRatio || 1;
    sample.width = 34 * ratio;
    sample.height = 18 * ratio;
    const ink = sample.getContext("2d");
    ink.scale(ratio, ratio);
    drawSample(ink);
    row.append(sample, title);
    return row;
  }

  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => paint(dark.matches ? "dark" : "light"));
  byId("theme").onclick = () => paint(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  addEventListener("resize", () => (moved ? redraw() : fit()));
  addEventListener("hashchange", searchFromAddress);

  paint(dark.matches ? "dark" : "light");
  fit();
  searchFromAddress();
})();
