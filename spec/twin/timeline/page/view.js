// The part of the axis that is in view, and how it becomes pixels.

const GUTTER = 138; // for labels, left of the plot
const MARGIN = 14; // right of it
const END = Math.max(1, D.axis.end);
const LEAST = 50; // microseconds: no deeper zoom

const view = { from: 0, to: END };
let width = 0;

const plotWidth = () => Math.max(50, width - GUTTER - MARGIN);
const X = (us) => GUTTER + (us - view.from) / (view.to - view.from) * plotWidth();
const at = (x) => view.from + (x - GUTTER) / plotWidth() * (view.to - view.from);

// look moves the view, within the trace and a little around it.
function look(from, to) {
  const room = END * 0.02 + 1;
  const size = Math.min(END + 2 * room, Math.max(LEAST, to - from));
  const middle = (from + to) / 2;
  view.from = Math.max(-room, Math.min(END + room - size, middle - size / 2));
  view.to = view.from + size;
  redraw();
}

function lookAtAll() {
  look(-END * 0.01, END * 1.01);
}

// zoom scales the view around x.
function zoom(factor, x) {
  const around = at(x === undefined ? GUTTER + plotWidth() / 2 : x);
  look(around - (around - view.from) * factor, around + (view.to - around) * factor);
}

function pan(share) {
  const by = (view.to - view.from) * share;
  look(view.from + by, view.to + by);
}

// ticks returns round instants in view, about 110 pixels apart.
function ticks() {
  const want = (view.to - view.from) / Math.max(2, plotWidth() / 110);
  const power = Math.pow(10, Math.floor(Math.log10(want)));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= want);
  const list = [];
  for (let n = Math.ceil(Math.max(0, view.from) / step); n * step <= Math.min(view.to, END); n++) {
    list.push(n * step);
  }
  return { step, list };
}

function tickText(us, step) {
  if (step >= 1e6) return us / 1e6 + " s";
  return (us / 1e6).toFixed(Math.min(6, Math.ceil(-Math.log10(step / 1e6)))) + " s";
}

// colours are the page's, of the scheme that is in force.
let C = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  C = {};
  for (const name of ["paper", "panel", "ink", "soft", "line", "band", "even", "odd", "bound",
    "charged", "back", "deny", "open", "bad", "good", "none", "lead"]) {
    C[name] = style.getPropertyValue("--" + name).trim();
  }
  C.hatch = hatch(C.none);
  C.returned = hatch(C.back);
}

// hatch returns a pattern of diagonal lines.
function hatch(colour) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const g = tile.getContext("2d");
  g.strokeStyle = colour;
  g.lineWidth = 1.4;
  g.beginPath();
  for (const d of [-8, 0, 8]) {
    g.moveTo(d, 8);
    g.lineTo(d + 8, 0);
  }
  g.stroke();
  return g.createPattern(tile, "repeat");
}

const parity = (window) => (Math.abs(window) % 2 === 0 ? C.even : C.odd);

// fit makes a canvas as sharp as the screen, and returns its context, cleared.
function fit(canvas, height) {
  const ratio = window.devicePixelRatio || 1;
  const w = Math.round(width * ratio);
  const h = Math.round(height * ratio);
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  canvas.style.height = height + "px";
  const g = canvas.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  return g;
}
