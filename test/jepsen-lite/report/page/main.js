// Buttons, pointer and keys.

let pending = false;
let drag = null;

// redraw draws once, before the next frame.
function redraw() {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => {
    pending = false;
    drawAxis();
    drawBody();
    const step = Math.max(1e3, (view.to - view.from) / 1000);
    $("range").textContent = clock(view.from, step) + " to " +
      clock(Math.min(run.end, view.to), step) + " of " + duration(run.end);
  });
}

// place returns where in the plot an event is. y is in the body, and negative over the axis.
function place(e) {
  const box = $("body").getBoundingClientRect();
  const axis = $("axis").getBoundingClientRect();
  const over = e.clientY >= axis.top && e.clientY < axis.bottom;
  const y = e.clientY - box.top;
  return { x: e.clientX - box.left, y: over ? -1 : y, tip: y + AXIS };
}

function down(e) {
  if (e.button !== 0) return;
  const p = place(e);
  drag = { ...p, now: p.x, from: view.from, to: view.to, moved: false, pan: e.shiftKey };
  $("plot").setPointerCapture(e.pointerId);
  $("plot").focus({ preventScroll: true });
}

function move(e) {
  const p = place(e);
  if (!drag) {
    const found = p.x < GUTTER || p.y < 0 ? null : describe(p.x, p.y);
    hover = found && { x: p.x, faults: found.faults };
    showTip(found && found.lines, p.x, p.tip);
    redraw();
    return;
  }
  drag.now = Math.max(GUTTER, Math.min(width - MARGIN, p.x));
  if (Math.abs(p.x - drag.x) > 4) drag.moved = true;
  if (!drag.moved) return;
  if (drag.pan) {
    showTip(null);
    const by = (drag.x - p.x) / plotWidth() * (drag.to - drag.from);
    look(drag.from + by, drag.to + by);
    return;
  }
  drag.range = true;
  const [from, to] = [at(drag.x), at(drag.now)].sort((a, b) => a - b);
  showTip([duration(Math.round(to - from))], p.x, p.tip);
  redraw();
}

function up(e) {
  const p = place(e);
  const was = drag;
  drag = null;
  if (!was) return;
  if (was.range) {
    showTip(null);
    look(Math.min(at(was.x), at(was.now)), Math.max(at(was.x), at(was.now)));
  } else if (!was.moved && p.y >= 0) {
    const row = rowAt(p.y);
    pinned = row && row.type === "faults" && pinned !== row.lane.name ? row.lane.name : "";
    redraw();
  }
}

function wheel(e) {
  const p = place(e);
  if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
    e.preventDefault();
    pan((e.deltaX || e.deltaY) / 1500);
  } else if (p.y < 0 || e.ctrlKey || e.altKey) {
    e.preventDefault();
    zoom(Math.exp(Math.max(-60, Math.min(60, e.deltaY)) / 240), p.x);
  }
}

function key(e) {
  const does = {
    ArrowLeft: () => pan(-0.15), ArrowRight: () => pan(0.15),
    "+": () => zoom(0.6), "=": () => zoom(0.6), "-": () => zoom(1 / 0.6),
    "0": lookAtAll, Home: lookAtAll, g: lookAtLongestGap, v: lookAtOvershoot,
    n: () => choose(shown + 1), p: () => choose(shown - 1),
  }[e.key];
  if (!does || e.ctrlKey || e.metaKey || e.altKey) return;
  e.preventDefault();
  does();
}

// choose shows a run, and has the address name it.
function choose(index) {
  show(index);
  history.replaceState(null, "", "#" + (shown + 1));
}

function legend() {
  const items = [["fault", "fault"], ["shade", "time of faults"], ["gap", "nobody granted"],
    ["median", "median wait"], ["max", "longest wait"], ["limit", "limit"],
    ["admitted", "admitted"], ["granted", "granted, not admitted"], ["unused", "not granted"],
    ["bad", "overshoot"]];
  $("legend").replaceChildren(...items.map(([colour, name]) => {
    const swatch = document.createElement("canvas");
    swatch.width = 18;
    swatch.height = 10;
    const g = swatch.getContext("2d");
    g.fillStyle = C[colour];
    g.fillRect(0, colour === "limit" ? 4 : 0, 18, colour === "limit" ? 2 : 10);
    const item = element("span", "");
    item.append(swatch, name);
    return item;
  }));
}

// first is the run that is shown at first: one that is invalid, or the first with a timeline.
function first() {
  const broken = RUNS.findIndex((r) => r.verdict === "invalid");
  return Math.max(0, broken >= 0 ? broken : RUNS.findIndex(hasTimeline));
}

function start() {
  if (RUNS.length === 0) return;
  readColours();
  legend();
  const buttons = { in: () => zoom(0.5), out: () => zoom(2), left: () => pan(-0.3),
    right: () => pan(0.3), all: lookAtAll, worst: lookAtLongestGap, over: lookAtOvershoot };
  for (const [id, does] of Object.entries(buttons)) $(id).addEventListener("click", does);
  $("by").addEventListener("change", (e) => {
    byTarget = e.target.value === "1";
    pinned = "";
    layOut();
    redraw();
  });
  document.querySelectorAll("#list tbody tr").forEach((row) => {
    row.addEventListener("click", () => choose(Number(row.dataset.run)));
  });
  const plot = $("plot");
  plot.addEventListener("pointerdown", down);
  plot.addEventListener("pointermove", move);
  plot.addEventListener("pointerup", up);
  plot.addEventListener("pointercancel", () => { drag = null; redraw(); });
  plot.addEventListener("pointerleave", () => { hover = null; showTip(null); redraw(); });
  plot.addEventListener("wheel", wheel, { passive: false });
  plot.addEventListener("dblclick", (e) => zoom(0.4, place(e).x));
  plot.addEventListener("keydown", key);
  addEventListener("resize", () => {
    width = plot.clientWidth;
    layOut();
    redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readColours();
    legend();
    redraw();
  });
  // A page that was opened with #3 shows its third run.
  const wanted = /^#(\d+)$/.exec(location.hash);
  show(wanted ? Number(wanted[1]) - 1 : first());
}

start();
