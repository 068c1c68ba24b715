// The lanes of faults. Where many are on a pixel, it is as dark as they are dense.

function drawFaults(g, row) {
  const { lane, y, height } = row;
  const dense = new Map();
  g.fillStyle = C.fault;
  inView(lane.faults, 2, 3, lane.longest, (f) => {
    const from = X(f[2]), to = X(f[3]);
    if (to - from < 2.5) {
      const pixel = Math.floor(from);
      dense.set(pixel, (dense.get(pixel) || 0) + 1);
      return;
    }
    g.globalAlpha = 0.42;
    g.fillRect(from, y + 3, to - from, height - 6);
    g.globalAlpha = 0.95;
    g.fillRect(from, y + 3, 1.5, height - 6);
  });
  for (const [pixel, n] of dense) {
    g.globalAlpha = Math.min(1, 0.6 + 0.15 * n);
    g.fillRect(pixel, y + 2, 1.6, height - 4);
  }
  g.globalAlpha = 1;
}

function faultLabel(g, row) {
  const { lane, y, height } = row;
  const on = pinned === lane.name;
  g.font = "11px system-ui, sans-serif";
  text(g, cut(g, lane.name, GUTTER - 66), 8, y + height / 2, on ? C.fault : C.ink, "left", 11,
    on ? "700" : "400");
  text(g, number(lane.count), GUTTER - 10, y + height / 2, C.soft, "right", 10);
}

// drawShade shades the time of faults behind the charts: of all, or of the pinned lane's.
function drawShade(g, top, bottom) {
  const change = new Float32Array(Math.ceil(plotWidth()) + 2);
  const shade = (f) => {
    if (f[3] <= f[2]) return;
    const from = Math.max(0, X(f[2]) - GUTTER), to = Math.min(plotWidth(), X(f[3]) - GUTTER);
    if (to < 0 || from > plotWidth()) return;
    change[Math.floor(from)] += 1;
    change[Math.max(Math.floor(from) + 1, Math.ceil(to))] -= 1;
  };
  let most = 1;
  for (const row of rows) {
    if (row.type !== "faults" || pinned && pinned !== row.lane.name) continue;
    inView(row.lane.faults, 2, 3, row.lane.longest, shade);
  }
  let n = 0;
  for (const d of change) most = Math.max(most, n += d);
  n = 0;
  let start = 0;
  g.fillStyle = C.shade;
  for (let i = 0; i < change.length; i++) {
    if (change[i] === 0) continue;
    if (n > 0) {
      g.globalAlpha = pinned ? 0.34 : 0.06 + 0.2 * n / Math.max(4, most);
      g.fillRect(GUTTER + start, top, i - start, bottom - top);
    }
    n += change[i];
    start = i;
  }
  g.globalAlpha = 1;
}

// faultsAt returns those of a lane that are within a few pixels of x.
function faultsAt(lane, x) {
  const found = [];
  inView(lane.faults, 2, 3, lane.longest, (f) => {
    if (X(f[2]) - 3 <= x && x <= Math.max(X(f[3]), X(f[2])) + 3) found.push(f);
  });
  return found;
}
