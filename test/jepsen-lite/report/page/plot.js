// The plot as a whole: the axis, the rows, and what runs through all of them.

const AXIS = 24;
let hover = null; // { x, faults }: where the pointer is

function drawAxis() {
  const g = fit($("axis"), AXIS);
  const { step, list } = ticks();
  for (const us of list) {
    g.fillStyle = C.line;
    g.fillRect(X(us), AXIS - 6, 1, 6);
    text(g, clock(us, step), X(us), 9, C.soft, "center", 11);
  }
  text(g, "run time", 8, 9, C.soft, "left", 11);
  g.fillStyle = C.line;
  g.fillRect(0, AXIS - 1, width, 1);
  if (drag && drag.range) {
    g.fillStyle = C.admitted;
    g.globalAlpha = 0.35;
    g.fillRect(Math.min(drag.x, drag.now), 0, Math.abs(drag.now - drag.x), AXIS);
    g.globalAlpha = 1;
  }
}

function drawBody() {
  const g = fit($("body"), bodyHeight);
  g.save();
  g.beginPath();
  g.rect(GUTTER, 0, plotWidth(), bodyHeight);
  g.clip();
  const charts = rows.find((r) => r.type !== "faults");
  const top = charts ? charts.y : bodyHeight;
  g.fillStyle = C.line;
  for (const us of ticks().list) {
    g.globalAlpha = 0.5;
    g.fillRect(X(us), 0, 1, bodyHeight);
  }
  g.globalAlpha = 1;
  if (!pinned) drawShade(g, top, bodyHeight);
  for (const row of rows) {
    if (row.type === "faults") drawFaults(g, row);
    if (row.type === "leads") drawLeads(g, row);
    if (row.type === "gaps") drawGaps(g, row);
    if (row.type === "waits") drawWaits(g, row);
    if (row.type === "account") drawAccount(g, row);
  }
  if (pinned) drawShade(g, top, bodyHeight); // over what is charted: it was asked for
  drawHover(g);
  g.restore();
  for (const row of rows) label(g, row);
}

function label(g, row) {
  const middle = row.y + row.height / 2;
  if (row.type === "faults") faultLabel(g, row);
  if (row.type === "account") accountLabel(g, row);
  if (row.type === "leads") {
    text(g, "leaders' epochs", 8, middle, C.ink, "left", 11, "600");
    text(g, number(run.leads.length), GUTTER - 10, middle, C.soft, "right", 10);
  }
  if (row.type === "gaps") {
    text(g, "gaps in grants", 8, middle, C.ink, "left", 11, "600");
    text(g, number(run.gaps.length), GUTTER - 10, middle, C.soft, "right", 10);
  }
  if (row.type === "waits") {
    text(g, "waits for grants", 8, row.y + 12, C.ink, "left", 11, "600");
    text(g, "median, longest", 8, row.y + 27, C.soft, "left", 10);
    const level = waitScale(row);
    for (const us of powers(level, row)) {
      text(g, duration(us), GUTTER - 10, level(us), C.soft, "right", 9);
    }
  }
}

const nodeColour = (node) => (node < 0 ? C.soft : C["node" + node % 6]);

function drawLeads(g, row) {
  const most = run.leads.reduce((n, l) => Math.max(n, l[3] - l[2]), 1);
  inView(run.leads, 2, 3, most, ([node, , from, to]) => {
    const x = X(from), w = Math.max(1, X(to) - x);
    g.fillStyle = nodeColour(node);
    g.globalAlpha = 0.85;
    g.fillRect(x, row.y + 3, w, row.height - 6);
    g.globalAlpha = 1;
    const name = node < 0 ? "?" : run.nodes[node];
    g.font = "600 10px system-ui, sans-serif";
    if (w > g.measureText(name).width + 8) {
      const left = Math.max(x, GUTTER);
      text(g, name, (left + Math.min(x + w, width - MARGIN)) / 2, row.y + row.height / 2, C.paper,
        "center", 10, "600");
    }
  });
}

// drawGaps marks each gap, with its length where there is room; the notch is the epoch's opening.
function drawGaps(g, row) {
  const most = run.gaps.reduce((n, gap) => Math.max(n, gap[2] - gap[0]), 1);
  inView(run.gaps, 0, 2, most, ([from, open, to]) => {
    const x = X(from), w = Math.max(1.5, X(to) - x);
    g.fillStyle = C.gap;
    g.globalAlpha = 0.3;
    g.fillRect(x, row.y + 3, w, row.height - 6);
    g.globalAlpha = 1;
    g.fillRect(x, row.y + row.height - 5, w, 2);
    if (w > 5) g.fillRect(X(open), row.y + row.height - 9, 1.5, 5);
    const length = duration(to - from);
    g.font = "10px system-ui, sans-serif";
    if (w > g.measureText(length).width + 8) {
      text(g, length, x + w / 2, row.y + row.height / 2 - 1, C.ink, "center", 10);
    }
  });
}

// drawHover draws a line where the pointer is, and the time of the faults under it through all
// charts.
function drawHover(g) {
  if (drag && drag.range) {
    g.fillStyle = C.admitted;
    g.globalAlpha = 0.14;
    g.fillRect(Math.min(drag.x, drag.now), 0, Math.abs(drag.now - drag.x), bodyHeight);
    g.globalAlpha = 1;
    return;
  }
  if (!hover) return;
  for (const f of hover.faults) {
    const x = X(f[2]), w = Math.max(1, X(f[3]) - x);
    g.fillStyle = C.fault;
    g.globalAlpha = 0.2;
    g.fillRect(x, 0, w, bodyHeight);
    g.globalAlpha = 0.9;
    g.fillRect(x, 0, 1, bodyHeight);
    if (w > 2) g.fillRect(x + w - 1, 0, 1, bodyHeight);
  }
  g.globalAlpha = 0.5;
  g.fillStyle = C.soft;
  g.fillRect(hover.x, 0, 1, bodyHeight);
  g.globalAlpha = 1;
}
