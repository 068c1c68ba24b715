// The list of runs, and the head of the one that is shown.

let shown = -1;

function show(index) {
  shown = Math.max(0, Math.min(RUNS.length - 1, index));
  run = RUNS[shown];
  pinned = "";
  hover = null;
  showTip(null);
  document.querySelectorAll("#list tbody tr").forEach((row) => {
    const is = Number(row.dataset.run) === shown;
    row.classList.toggle("shown", is);
    if (is) {
      const box = row.closest(".list");
      const head = box.querySelector("thead").offsetHeight;
      if (row.offsetTop - head < box.scrollTop) box.scrollTop = row.offsetTop - head;
      const below = row.offsetTop + row.offsetHeight - box.clientHeight;
      if (below > box.scrollTop) box.scrollTop = below;
    }
  });
  $("run").hidden = false;
  $("name").textContent = "Ring " + run.ring + ": " + run.name;
  $("verdict").textContent = run.verdict;
  $("verdict").className = "verdict " + run.verdict;
  $("judges").replaceChildren(...run.verdicts.map(judge));
  $("facts").replaceChildren(...run.facts.map(([name, value]) => {
    const item = element("div", "");
    item.append(element("dt", name), element("dd", value));
    return item;
  }));
  $("replay").textContent = run.replay;
  $("replay").hidden = run.replay === "";
  const timeline = hasTimeline(run);
  $("chart").hidden = !timeline;
  $("empty").hidden = timeline;
  if (timeline) showChart();
}

const hasTimeline = (r) => r.end > 0 &&
  r.faults.length + r.accounts.length + r.leads.length + r.waits.length > 0;

function showChart() {
  $("over").hidden = worstBand() === null;
  $("worst").hidden = run.gaps.length === 0;
  const left = [];
  if (run.hidden[0] > 0) left.push(number(run.hidden[0]) + " faults, the last");
  if (run.hidden[1] > 0) left.push(number(run.hidden[1]) + " windows of further accounts");
  $("hidden").hidden = left.length === 0;
  $("hidden").textContent = "Left out of the chart, and in the sums: " + left.join("; ") + ".";
  width = $("plot").clientWidth;
  layOut();
  lookAtAll();
}

function element(tag, content, className) {
  const e = document.createElement(tag);
  e.textContent = content;
  if (className) e.className = className;
  return e;
}

function judge(v) {
  const item = element("span", "");
  item.append(v.judge + " ", element("b", v.result, "is " + v.result));
  if (v.detail) item.append(element("span", " (" + v.detail + ")", "detail"));
  return item;
}

// worstBand is the window that overshot most, or null.
function worstBand() {
  let worst = null;
  for (const a of run.accounts) {
    for (const b of a.bands) {
      if (b[4] > b[2] && (!worst || b[4] - b[2] > worst[4] - worst[2])) worst = b;
    }
  }
  return worst;
}

function lookAtOvershoot() {
  const b = worstBand();
  if (b) look(b[0] - 2 * (b[1] - b[0]), b[1] + 2 * (b[1] - b[0]));
}

function lookAtLongestGap() {
  if (run.gaps.length === 0) return;
  const gap = run.gaps.reduce((a, b) => (b[2] - b[0] > a[2] - a[0] ? b : a));
  const room = (gap[2] - gap[0]) * 1.5;
  look(gap[0] - room, gap[2] + room);
}
