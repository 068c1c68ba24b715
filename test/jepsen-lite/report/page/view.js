// The part of the axis that is in view, and how it becomes pixels.

const GUTTER = 176; // for labels, left of the plot
const MARGIN = 14; // right of it
const LEAST = 1000; // microseconds: no deeper zoom

const view = { from: 0, to: 1 };
let width = 0;

const plotWidth = () => Math.max(50, width - GUTTER - MARGIN);
const X = (us) => GUTTER + (us - view.from) / (view.to - view.from) * plotWidth();
const at = (x) => view.from + (x - GUTTER) / plotWidth() * (view.to - view.from);

// look moves the view, within the run and a little around it.
function look(from, to) {
  const room = run.end * 0.01 + 1;
  const size = Math.min(run.end + 2 * room, Math.max(LEAST, to - from));
  const middle = (from + to) / 2;
  view.from = Math.max(-room, Math.min(run.end + room - size, middle - size / 2));
  view.to = view.from + size;
  redraw();
}

const lookAtAll = () => look(-run.end * 0.005, run.end * 1.005);

// zoom scales the view around x.
function zoom(factor, x) {
  const around = at(x === undefined ? GUTTER + plotWidth() / 2 : x);
  look(around - (around - view.from) * factor, around + (view.to - around) * factor);
}

function pan(share) {
  const by = (view.to - view.from) * share;
  look(view.from + by, view.to + by);
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500].flatMap((n) => [n, n * 1e3])
  .concat([1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400]
    .map((s) => s * 1e6)).sort((a, b) => a - b);

// ticks returns round instants in view, about 110 pixels apart.
function ticks() {
  const want = (view.to - view.from) / Math.max(2, plotWidth() / 110);
  const step = STEPS.find((s) => s >= want) || STEPS[STEPS.length - 1];
  const list = [];
  const last = Math.min(view.to, run.end);
  for (let n = Math.ceil(Math.max(0, view.from) / step); n * step <= last; n++) list.push(n * step);
  return { step, list };
}

// colours are the page's, of the scheme that is in force.
let C = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  C = {};
  for (const name of ["paper", "panel", "ink", "soft", "line", "unused", "admitted", "granted",
    "limit", "fault", "shade", "bad", "gap", "median", "max", "node0", "node1", "node2", "node3",
    "node4", "node5"]) {
    C[name] = style.getPropertyValue("--" + name).trim();
  }
}

// fit makes a canvas as sharp as the screen, and returns its context, cleared.
function fit(canvas, height) {
  const ratio = window.devicePixelRatio || 1;
  const w = Math.round(width * ratio), h = Math.round(height * ratio);
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  canvas.style.height = height + "px";
  const g = canvas.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  return g;
}

function text(g, s, x, y, colour, align, size, weight) {
  g.font = (weight || "400") + " " + (size || 11) + "px system-ui, sans-serif";
  g.fillStyle = colour;
  g.textAlign = align || "left";
  g.textBaseline = "middle";
  g.fillText(s, x, y);
}

// cut shortens a label to what the gutter holds.
function cut(g, s, room) {
  if (g.measureText(s).width <= room) return s;
  let n = s.length;
  while (n > 1 && g.measureText(s.slice(0, n) + "…").width > room) n--;
  return s.slice(0, n) + "…";
}
