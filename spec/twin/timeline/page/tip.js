// What the pointer is on, in words.

const NEAR = 4; // pixels

function describeHead(x, y) {
  const t = at(x);
  if (y >= nodesTop - 8) {
    const which = V ? V.events.findIndex((e) => e.node >= 0 && !rowOf(e.session, e.process) &&
      Math.abs(X(e.at) - x) <= 8 && Math.abs(nodeY(e.node) + NODE / 2 - y) <= 9) : -1;
    if (which >= 0) return brokenLines(which);
    const m = D.marks.find((k) => Math.abs(X(k.at) - x) <= NEAR + 2 && k.process < 0 &&
      Math.abs((k.node >= 0 ? nodeY(k.node) + NODE / 2 : nodesTop - 4) - y) <= 9);
    if (m) return [m.text, "at " + instant(m.at)];
    const i = Math.floor((y - nodesTop) / NODE);
    const l = LED.find((led) => led.node === i && t >= led.from && t <= led.to);
    if (l) return leaderLines(l);
    const gap = D.gaps.find(([from, to]) => t >= from && t <= to);
    if (gap) {
      return ["no leader that could grant, " + duration(gap[1] - gap[0]),
        instant(gap[0]) + " to " + instant(gap[1])];
    }
    return null;
  }
  const b = shown.bands.find((band) => t >= band.from && t < band.to);
  return b ? windowLines(b) : null;
}

function leaderLines(l) {
  const name = l.node >= 0 ? D.nodes[l.node].name : "a node without a file";
  return [name + " led term " + l.term, "elected " + instant(l.from),
    l.open < 0 ? "its epoch was never open" :
      "could grant from " + instant(l.open) + ", " + duration(l.open - l.from) + " later",
    (l.lost ? "lost it at " : atEnd(l.to) ? "still leading at the end, " :
      "stopped while leading, at ") + instant(l.to)];
}

function windowLines(b) {
  const w = shown.windows.get(b.window);
  const lines = ["window " + b.window, instant(b.from) + " to " + instant(b.to) + ", " +
    duration(b.to - b.from)];
  if (!w) return [...lines, "nothing was granted, or it is not shown in detail"];
  const more = excessOf(b.window, "admitted"), charge = excessOf(b.window, "granted");
  lines.push("bound\t" + num(w.bound),
    "granted\t" + num(w.granted) + " in " + num(w.leases) + (w.leases === 1 ? " lease" : " leases"),
    "returned\t" + num(w.returned),
    "admitted\t" + num(w.admitted) + ", " + percent(w.admitted, w.bound));
  if (more > 0) lines.push("violation\t" + num(more) + " more admitted");
  if (charge > 0) lines.push("violation\t" + num(charge) + " more granted");
  if (w.unrecorded > 0) lines.push(num(w.unrecorded) + " held by processes that died");
  if (!w.closed) lines.push("the check ended in it");
  return lines;
}

function describeLanes(x, y) {
  const row = rowAt(y);
  if (!row) return null;
  const m = row.session < 0 &&
    D.marks.find((k) => k.process === row.process && Math.abs(X(k.at) - x) <= NEAR + 2);
  if (m) return [m.text, "at " + instant(m.at)];
  const broken = V && V.events.findIndex((e) => rowOf(e.session, e.process) === row &&
    Math.abs(X(e.at) - x) <= 8);
  if (V && broken >= 0) return brokenLines(broken);
  if (row.session < 0 && !closed.has(row.process)) return processLines(row);
  for (const s of row.session < 0 ? row.sessions : [row.session]) {
    const found = describeSession(s, x);
    if (found) return found;
  }
  return row.session < 0 ? processLines(row) : null;
}

function brokenLines(which) {
  const e = V.events[which];
  return [V.invariant + " is violated: event " + (which + 1), e.kind + " at " + instant(e.at),
    e.file + ":" + e.line];
}

function processLines(row) {
  if (row.process < 0) return ["sessions that no process's file mentions"];
  const p = D.processes[row.process];
  return ["process " + p.name, p.file, row.sessions.length + " sessions here",
    p.ended ? "closed in order" : "no end line: it died at " + instant(p.to)];
}

function describeSession(s, x) {
  const all = shown.bySession.get(s);
  if (!all) return null;
  const on = (o) => x >= X(o.from) - 1 && x <= Math.max(X(o.to), X(o.from) + 2) + 1;
  const name = "session " + D.sessions[s][0] + " of " + processName(D.sessions[s][1]);
  const fail = all.fails.find(on);
  if (fail) {
    return ["failed open: " + num(fail.n) + " credits without a lease, outside the bound",
      fail.count + " admissions, " + instant(fail.from), name];
  }
  const lease = all.leases.filter(on).pop();
  if (lease) return [...leaseLines(lease), name];
  const cell = all.cells.find(on);
  if (cell) {
    return [num(cell.leases) + " leases of window " + cell.window + ", summed up",
      "amount\t" + num(cell.amount),
      "admitted\t" + num(cell.admitted) + ", " + percent(cell.admitted, cell.amount),
      "returned\t" + num(cell.returned), name];
  }
  const d = all.denials.find((o) => Math.abs(X(o.at) - x) <= NEAR);
  if (d) return ["denied at " + instant(d.at), num(d.left) + " credits were left", name];
  return null;
}

function leaseLines(l) {
  const lines = ["lease " + l.id + ", window " + l.window,
    "amount\t" + num(l.amount),
    "admitted\t" + num(l.admitted) + " in " + num(l.admissions) +
      (l.admissions === 1 ? " admission, " : " admissions, ") + percent(l.admitted, l.amount),
    "returned\t" + num(l.returned),
    "granted\t" + instant(l.granted) +
      (l.replays > 0 ? ", told again " + l.replays + " times" : "")];
  if (l.ending !== 4) {
    lines.push("taken\t" + instant(l.from), "ttl\t" + duration(l.ttl) + ", of which " +
      duration(l.life) + " usable");
  }
  lines.push("over\t" + instant(l.to) + ", " + ENDINGS[l.ending]);
  return lines;
}

// showTip puts the words beside the pointer, inside the plot.
function showTip(lines, x, y) {
  const tip = document.getElementById("tip");
  tip.hidden = !lines;
  if (!lines) return;
  tip.textContent = lines.join("\n");
  const plot = document.getElementById("plot");
  const left = x + 16 + tip.offsetWidth > plot.clientWidth ? x - 12 - tip.offsetWidth : x + 16;
  tip.style.left = Math.max(2, left) + "px";
  tip.style.top = Math.max(2, Math.min(y + 14, plot.clientHeight - tip.offsetHeight - 4)) + "px";
}
