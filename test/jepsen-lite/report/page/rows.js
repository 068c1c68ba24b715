// The rows of the plot, from top to bottom: a lane for each kind or target of faults, the
// leaders, the gaps, the waits, and a chart for each account.

const LANE = 15, STRIP = 22, WAITS = 92, SPACE = 10;
let rows = [], bodyHeight = 0;
let byTarget = false;
let pinned = ""; // the name of the lane whose faults are shaded

function layOut() {
  rows = [];
  let y = 4;
  const add = (row, height, space) => {
    rows.push({ ...row, y, height });
    y += height + (space || 0);
  };
  for (const lane of lanes()) add({ type: "faults", lane }, LANE);
  y += SPACE;
  if (run.leads.length > 0) add({ type: "leads" }, STRIP);
  if (run.gaps.length > 0) add({ type: "gaps" }, STRIP);
  y += SPACE;
  if (run.waits.length > 0) add({ type: "waits" }, WAITS, SPACE);
  const height = run.accounts.length > 8 ? 54 : 84;
  for (const account of run.accounts) add({ type: "account", account }, height, SPACE);
  bodyHeight = Math.max(60, y);
}

// lanes groups the faults by kind, or by target.
function lanes() {
  const column = byTarget ? 1 : 0;
  const names = byTarget ? run.targets : run.kinds;
  const found = new Map();
  for (const fault of run.faults) {
    if (!found.has(fault[column])) found.set(fault[column], []);
    found.get(fault[column]).push(fault);
  }
  return [...found.entries()].map(([index, faults]) => ({
    name: index < 0 ? "no target" : names[index],
    count: byTarget ? faults.length : run.counts[index],
    longest: faults.reduce((most, f) => Math.max(most, f[3] - f[2]), 0),
    faults,
  })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

const rowAt = (y) => rows.find((r) => y >= r.y && y < r.y + r.height);

// inView calls each for those of a list, ordered by from, that are in view. longest is how far
// one may begin before the view and still reach into it.
function inView(list, from, to, longest, each) {
  for (let i = firstAfter(list, from, view.from - longest - 1); i < list.length; i++) {
    if (list[i][from] > view.to) return;
    if (list[i][to] >= view.from) each(list[i]);
  }
}
