// What stands above the lanes: the axis, the windows with their books, and who led.

const AXIS = 22, NUMBERS = 18, BARS = 116, NODE = 20;
const barsTop = AXIS + NUMBERS, barsBottom = barsTop + BARS;
const nodesTop = barsBottom + 10;
const headHeight = () => nodesTop + D.nodes.length * NODE + 8;
const nodeY = (i) => nodesTop + i * NODE;

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const font = (size, weight) => (weight || "400") + " " + size + "px " + FONT;

function text(g, s, x, y, colour, align, size, weight) {
  g.font = font(size || 11, weight);
  g.textAlign = align || "left";
  g.textBaseline = "middle";
  g.fillStyle = colour;
  g.fillText(s, x, y);
}

// clip keeps what is drawn off the labels.
function clip(g, top, bottom) {
  g.save();
  g.beginPath();
  g.rect(GUTTER, top, width - GUTTER, bottom - top);
  g.clip();
}

// backdrop is what all panels share: bands, gaps without a leader, the violation.
function backdrop(g, top, bottom) {
  for (const b of inView(shown.bands)) {
    if (Math.abs(b.window) % 2 === 1) {
      g.fillStyle = C.band;
      g.fillRect(X(b.from), top, X(b.to) - X(b.from), bottom - top);
    }
    g.fillStyle = C.line;
    g.fillRect(X(b.from), top, 1, bottom - top);
  }
  for (const [from, to] of D.gaps) {
    g.fillStyle = C.hatch;
    g.globalAlpha = 0.55;
    g.fillRect(X(from), top, Math.max(1, X(to) - X(from)), bottom - top);
    g.globalAlpha = 1;
  }
  if (V && V.account === shown.index && V.window >= 0) {
    const b = shown.bands.find((band) => band.window === V.window);
    if (b) {
      g.fillStyle = C.bad;
      g.globalAlpha = 0.07;
      g.fillRect(X(b.from), top, Math.max(2, X(b.to) - X(b.from)), bottom - top);
      g.globalAlpha = 1;
    }
  }
}

function inView(list) {
  return list.filter((o) => o.to >= view.from && o.from <= view.to);
}

function drawHead() {
  const height = headHeight();
  const g = fit(document.getElementById("head"), height);
  g.fillStyle = C.panel;
  g.fillRect(0, 0, width, AXIS);
  clip(g, 0, height);
  backdrop(g, AXIS, height);
  drawTicks(g, height);
  drawNumbers(g);
  drawBars(g);
  D.nodes.forEach((n, i) => drawNode(g, n, i));
  drawMarks(g);
  drawInstant(g, 0, height, true);
  drawBrokenNodes(g);
  g.restore();
  labels(g);
}

function drawTicks(g, height) {
  const { step, list } = ticks();
  for (const t of list) {
    g.fillStyle = C.line;
    g.fillRect(X(t), AXIS - 5, 1, 5);
    text(g, tickText(t, step), X(t) + 3, AXIS / 2, C.soft, "left", 11);
  }
  g.fillStyle = C.line;
  g.fillRect(GUTTER, AXIS - 1, width, 1);
  g.fillRect(GUTTER, barsBottom, width, 1);
  g.fillRect(GUTTER, height - 1, width, 1);
}

function drawNumbers(g) {
  const visible = inView(shown.bands);
  const room = (view.to - view.from) / Math.max(1, visible.length);
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((n) =>
    n * room / (view.to - view.from) * plotWidth() >= 34) || 1000;
  for (const b of visible) {
    if (b.window % step !== 0) continue;
    const left = Math.max(X(b.from), GUTTER), right = Math.min(X(b.to), width);
    const name = right - left > 80 ? "window " + b.window : String(b.window);
    text(g, name, (left + right) / 2, AXIS + NUMBERS / 2, parity(b.window), "center", 11, "600");
  }
}

// barScale is the credits at the top of the panel of bars. What was granted and returned many
// times over may go beyond it.
function barScale() {
  let most = 1;
  for (const w of shown.windows.values()) {
    most = Math.max(most, w.bound * 1.3, w.granted - w.returned,
      w.admitted + excessOf(w.window, "admitted"));
  }
  return most * 1.02;
}

function drawBars(g) {
  const top = barScale();
  const y = (n) => barsBottom - Math.min(1, n / top) * (BARS - 6);
  for (const b of inView(shown.bands)) {
    const w = shown.windows.get(b.window);
    if (!w) continue;
    const left = X(b.from), size = Math.max(1, X(b.to) - left);
    const inset = Math.min(10, size * 0.1);
    const bar = (from, to, fill, thin) => {
      const pad = inset + (thin ? Math.min(8, size * 0.12) : 0);
      g.fillStyle = fill;
      const high = Math.max(fill === C.bad ? 4 : 0, y(from) - y(to)); // however little is too much
      g.fillRect(left + pad, y(from) - high, Math.max(1, size - 2 * pad), high);
    };
    const charged = w.granted - w.returned;
    bar(0, charged, C.charged);
    if (w.returned > 0) bar(charged, w.granted, C.returned);
    g.globalAlpha = w.curve ? 0.45 : 1;
    bar(0, w.admitted, parity(w.window), true);
    g.globalAlpha = 1;
    if (w.curve) drawCurve(g, b, w, y);
    const more = excessOf(w.window, "admitted"), charge = excessOf(w.window, "granted");
    if (more > 0) bar(w.admitted, w.admitted + more, C.bad, true);
    if (charge > 0) bar(charged, charged + charge, C.bad);
    g.fillStyle = C.bound;
    g.fillRect(left, y(w.bound) - 1, size, 2);
    if (size > 64) {
      const over = w.admitted + more > w.bound;
      halo(g, over ? "over" : percent(w.admitted, w.bound), left + size / 2, y(w.bound) - 10,
        over ? C.bad : C.ink);
    }
  }
}

// drawCurve draws how the admissions of a window grew, as an area of steps.
function drawCurve(g, b, w, y) {
  g.fillStyle = parity(w.window);
  g.beginPath();
  g.moveTo(X(b.from), y(0));
  let sum = 0;
  for (const [t, n] of w.curve) {
    g.lineTo(X(t), y(sum));
    g.lineTo(X(t), y(n));
    sum = n;
  }
  g.lineTo(X(b.to), y(sum));
  g.lineTo(X(b.to), y(0));
  g.fill();
}

// halo writes a text that has to be read on anything.
function halo(g, s, x, y, colour) {
  g.font = font(11, "700");
  g.textAlign = "center";
  g.textBaseline = "middle";
  g.strokeStyle = C.paper;
  g.lineWidth = 4;
  g.lineJoin = "round";
  g.strokeText(s, x, y);
  g.fillStyle = colour;
  g.fillText(s, x, y);
}

// drawInstant is the line at which the violation happened, and the veil over what came after
// the last event that was checked.
function drawInstant(g, top, bottom, label) {
  if (!V || V.events.length === 0) return;
  const stop = X(D.axis.checked);
  g.fillStyle = C.soft;
  g.globalAlpha = 0.13;
  g.fillRect(stop, top, Math.max(0, width - stop), bottom - top);
  g.globalAlpha = 1;
  if (label && width - MARGIN - stop > 130) {
    text(g, "the check stopped", stop + 8, AXIS + NUMBERS / 2, C.soft, "left", 11);
  }
  g.fillStyle = C.bad;
  g.fillRect(X(V.events[0].at) - 0.75, top, 1.5, bottom - top);
  if (!label) return;
  g.font = font(12, "700");
  const size = g.measureText(V.invariant).width + 14;
  const x = X(V.events[0].at), left = x > width - size - 10 ? x - size : x;
  g.fillRect(left, 2, size, AXIS - 4);
  text(g, V.invariant, left + 7, AXIS / 2, C.paper, "left", 12, "700");
}

function labels(g) {
  const x = GUTTER - 10;
  text(g, "windows", x, AXIS + NUMBERS / 2, C.soft, "right");
  text(g, "credits", x, barsTop + 12, C.soft, "right");
  const top = barScale();
  const bounds = new Set([...shown.windows.values()].map((w) => w.bound));
  for (const bound of [...bounds].slice(-3)) {
    const y = barsBottom - Math.min(1, bound / top) * (BARS - 6);
    if (y > barsTop + 22 || bounds.size === 1) {
      text(g, "bound " + num(bound), x, Math.max(y, barsTop + 26), C.ink, "right", 11, "600");
    }
  }
  text(g, "0", x, barsBottom - 5, C.soft, "right");
  D.nodes.forEach((n, i) => {
    text(g, cut(g, "node " + n.name), x, nodeY(i) + NODE / 2, C.ink, "right");
  });
}

// cut shortens a label to the room that there is.
function cut(g, s) {
  g.font = font(11);
  if (g.measureText(s).width <= GUTTER - 26) return s;
  let end = s.length;
  while (end > 1 && g.measureText(s.slice(0, end) + "…").width > GUTTER - 26) end--;
  return s.slice(0, end) + "…";
}
