// How a lane is drawn: leases as rectangles, filled as far as they were spent.

function drawLanes() {
  const box = document.getElementById("scroll");
  const height = box.clientHeight;
  const g = fit(document.getElementById("lanes"), height);
  const top = box.scrollTop;
  const visible = rows.filter((r) => r.y + r.height >= top && r.y <= top + height);
  clip(g, 0, height);
  backdrop(g, 0, height);
  for (const r of visible) {
    const y = r.y - top;
    if (r.session < 0) {
      g.fillStyle = C.panel;
      g.globalAlpha = 0.75;
      g.fillRect(GUTTER, y, width, r.height - 1);
      g.globalAlpha = 1;
      if (!closed.has(r.process)) continue;
      for (const s of r.sessions) drawLane(g, s, y + 2, r.height - 5, 0.6);
    } else {
      drawLane(g, r.session, y + 1, r.height - 2, 1);
    }
  }
  for (const r of visible) if (r.session < 0) drawProcess(g, r, r.y - top);
  drawInstant(g, 0, height, false);
  drawBroken(g, top);
  g.restore();
  for (const r of visible) laneLabel(g, r, r.y - top);
  if (rows.length === 0) {
    text(g, "Nothing was granted from this limit.", GUTTER + 12, 12, C.soft, "left", 12);
  }
}

function laneLabel(g, r, y) {
  const middle = y + r.height / 2;
  if (r.session < 0) {
    const arrow = closed.has(r.process) ? "▸ " : "▾ ";
    text(g, cut(g, arrow + processName(r.process)), 8, middle, C.ink, "left", 11, "600");
    text(g, String(r.sessions.length), GUTTER - 10, middle, C.soft, "right", 10);
    return;
  }
  const broken = V && V.account === shown.index && V.events.some((e) => e.session === r.session);
  text(g, "session " + D.sessions[r.session][0], GUTTER - 10, middle, broken ? C.bad : C.soft,
    "right", Math.min(11, r.height), broken ? "700" : "400");
}

function drawLane(g, session, y, h, alpha) {
  const all = shown.bySession.get(session);
  if (!all) return;
  for (const c of inView(all.cells)) drawLease(g, c, y, h, alpha * 0.8);
  for (const l of inView(all.leases)) drawLease(g, l, y, h, alpha);
  g.globalAlpha = alpha;
  g.fillStyle = C.deny;
  for (const d of all.denials) {
    if (d.at < view.from || d.at > view.to) continue;
    g.fillRect(X(d.at) - 0.5, y, 1.2, Math.max(3, h * 0.45));
  }
  g.fillStyle = C.open;
  for (const f of inView(all.fails)) {
    g.fillRect(X(f.from) - 1, y, Math.max(3, X(f.to) - X(f.from) + 2), h);
  }
  g.globalAlpha = 1;
}

// drawLease draws a lease, or the sum of several.
function drawLease(g, l, y, h, alpha) {
  const colour = parity(l.window);
  const left = X(l.from), size = Math.max(1.5, X(l.to) - left);
  const filled = l.amount > 0 ? Math.min(1, l.admitted / l.amount) * h : 0;
  g.fillStyle = colour;
  if (l.ending === 4) { // not taken: it was charged, and nobody is known to have held it
    g.globalAlpha = alpha * 0.6;
    g.fillRect(left, y + h - 1, size, 1);
    g.globalAlpha = 1;
    return;
  }
  g.globalAlpha = alpha * 0.2;
  g.fillRect(left, y, size, h);
  g.globalAlpha = alpha * 0.5;
  g.fillRect(left, y + h - filled, size, filled);
  g.globalAlpha = alpha;
  g.fillRect(left, y, size > 6 ? 1 : 0.5, h);
  for (const s of l.spans) {
    // A span is as dark as it is dense; one of a single instant is a line.
    const w = Math.max(1.6, X(s.to) - X(s.from));
    g.globalAlpha = alpha * (w < 4 ? 1 : 0.35 + 0.45 * Math.min(1, s.n / l.amount));
    g.fillRect(X(s.from), y + h - filled, w, filled);
  }
  g.globalAlpha = 1;
}

// drawProcess marks what happened to a process as a whole.
function drawProcess(g, r, y) {
  const middle = y + r.height / 2;
  if (r.process >= 0) {
    const p = D.processes[r.process];
    g.fillStyle = C.none;
    if (!closed.has(r.process)) g.fillRect(X(0), middle - 0.5, X(p.to) - X(0), 1);
    g.fillRect(X(p.to), middle - 4, 2, 8);
  }
  for (const m of D.marks) {
    if (m.process >= 0 && m.process === r.process) mark(g, m, X(m.at), middle);
  }
}

// drawBroken outlines what the violation names: lanes, leases, and its events by number.
function drawBroken(g, top) {
  if (!V) return;
  const here = V.account < 0 || V.account === shown.index;
  g.strokeStyle = C.bad;
  const seen = new Map(); // events on one spot share it
  V.events.forEach((e, i) => {
    const row = rowOf(e.session, e.process);
    if (!row) return;
    const y = row.y - top;
    if (e.session >= 0 && row.session >= 0) {
      g.lineWidth = 1;
      g.strokeRect(GUTTER + 0.5, y + 0.5, width - GUTTER - 1, row.height - 1);
    }
    if (e.lease && here) {
      const l = shown.leases.find((lease) => lease.id === e.lease);
      const own = l && rowOf(l.session, e.process);
      if (own) {
        g.lineWidth = 2;
        g.strokeRect(X(l.from) - 1, own.y - top, Math.max(3, X(l.to) - X(l.from) + 2), own.height);
      }
    }
    const spot = row.y + ":" + Math.round(X(e.at) / 8);
    seen.set(spot, [...(seen.get(spot) || []), i + 1]);
    seen.get(spot).x = X(e.at);
    seen.get(spot).y = y + row.height / 2;
  });
  for (const numbers of seen.values()) badge(g, numbers.join(","), numbers.x, numbers.y);
}

// badge is a number of the list above the chart.
function badge(g, s, x, y) {
  g.font = font(10, "700");
  const w = g.measureText(s).width + 9;
  g.fillStyle = C.bad;
  g.beginPath();
  g.roundRect(x - w / 2, y - 8, w, 16, 8);
  g.fill();
  text(g, s, x, y + 0.5, C.paper, "center", 10, "700");
}
