// What is under the pointer, in words.

const MOST = 6; // faults that a tip names

function describe(x, y) {
  const row = rowAt(y);
  const us = at(x);
  const when = clock(us, Math.max(1, (view.to - view.from) / plotWidth()));
  if (!row) return { lines: [when, ...beneath(x)], faults: [] };
  if (row.type === "faults") {
    const found = faultsAt(row.lane, x);
    return { lines: found.length ? faultLines(found) : [when + "  " + row.lane.name],
      faults: found.slice(0, 50) };
  }
  const words = { leads: leadLines, gaps: gapLines, waits: waitLines, account: accountLines };
  return { lines: [...(words[row.type](us, row) || [when]), ...beneath(x)], faults: [] };
}

function faultLines(found) {
  const lines = found.slice(0, MOST).map(faultLine);
  if (found.length > MOST) lines.push("and " + (found.length - MOST) + " more");
  return lines;
}

function faultLine([kind, target, from, to, outcome]) {
  let line = clock(from, 1e4) + "  " + run.kinds[kind];
  if (target >= 0) line += " " + run.targets[target];
  if (to > from) line += ", for " + duration(to - from);
  if (outcome >= 0) line += ": " + run.outcomes[outcome];
  return line;
}

// beneath names the faults that last at x.
function beneath(x) {
  const found = [];
  for (const row of rows) {
    if (row.type !== "faults") continue;
    inView(row.lane.faults, 2, 3, row.lane.longest, (f) => {
      if (f[3] > f[2] && X(f[2]) <= x && x <= X(f[3])) found.push(f);
    });
  }
  return found.length ? ["", "meanwhile:", ...faultLines(found)] : [];
}

// under finds the entry of a list that us is in; the last one that began, if several.
function under(list, from, to, us) {
  const near = 2 / plotWidth() * (view.to - view.from);
  const last = firstAfter(list, from, us + near) - 1;
  for (let i = last; i >= 0 && i > last - 40; i--) {
    if (list[i][to] >= us - near) return list[i];
  }
  return null;
}

const range = (from, to) =>
  clock(from, 1e3) + " to " + clock(to, 1e3) + ", " + duration(to - from);

function leadLines(us) {
  const l = under(run.leads, 2, 3, us);
  return l && ["epoch " + l[1] + " of " + (l[0] < 0 ? "an unknown node" : run.nodes[l[0]]),
    range(l[2], l[3])];
}

function gapLines(us) {
  const gap = under(run.gaps, 0, 2, us);
  return gap && ["nobody granted for " + duration(gap[2] - gap[0]),
    clock(gap[0], 1e3) + " to " + clock(gap[2], 1e3),
    "epoch open after " + duration(gap[1] - gap[0]) + ", first grant " +
      duration(gap[2] - gap[1]) + " later",
    number(gap[3]) + " credits were admitted in it, from held leases"];
}

function waitLines(us) {
  const w = under(run.waits, 0, 1, us);
  return w && [range(w[0], w[1]), number(w[2]) + " answers taken",
    "median " + duration(w[3]) + ", longest " + duration(w[4])];
}

function accountLines(us, row) {
  const b = under(row.account.bands, 0, 1, us);
  if (!b) return null;
  const [from, to, bound, granted, admitted, windows] = b;
  const lines = [row.account.label, range(from, to)];
  if (windows > 1) lines.push(windows + " windows, summed up");
  lines.push("admitted " + number(admitted) + " of " + number(bound) + ", " +
    part(admitted, bound));
  lines.push("granted " + number(granted) + ", not granted " +
    number(Math.max(0, bound - granted)));
  if (admitted > bound) lines.push("OVERSHOT by " + number(admitted - bound));
  return lines;
}

function showTip(lines, x, y) {
  const tip = $("tip");
  tip.hidden = !lines;
  if (!lines) return;
  tip.textContent = lines.join("\n");
  const left = x + 16 + tip.offsetWidth > width ? x - 12 - tip.offsetWidth : x + 16;
  tip.style.left = Math.max(4, left) + "px";
  tip.style.top = Math.max(4, Math.min(y + 14, AXIS + bodyHeight - tip.offsetHeight - 4)) + "px";
}
