// The lanes below: one for each session, under the process that it lives in.

const PROCESS = 20;
let rows = []; // { process, session (-1: the process's own row), y, height }
let lanesHeight = 0;
let laneSize = 12;
const closed = new Set(); // processes whose sessions are not shown

function layOut() {
  const groups = new Map();
  for (const s of shown.bySession.keys()) {
    const p = s >= 0 ? D.sessions[s][1] : -1;
    if (!groups.has(p)) groups.set(p, []);
    groups.get(p).push(s);
  }
  const breaks = D.marks.filter((m) => m.process >= 0).map((m) => m.process);
  for (const p of breaks) if (!groups.has(p)) groups.set(p, []);
  const open = [...groups].filter(([p]) => !closed.has(p)).reduce((n, [, s]) => n + s.length, 0);
  laneSize = open <= 30 ? 14 : open <= 60 ? 12 : open <= 400 ? 10 : 8;
  rows = [];
  let y = 2;
  const order = (p) => (p < 0 ? Infinity : p);
  for (const p of [...groups.keys()].sort((a, b) => order(a) - order(b))) {
    const sessions = groups.get(p).sort((a, b) => D.sessions[a][0] - D.sessions[b][0]);
    rows.push({ process: p, session: -1, sessions, y, height: PROCESS });
    y += PROCESS;
    if (closed.has(p)) continue;
    for (const s of sessions) {
      rows.push({ process: p, session: s, y, height: laneSize });
      y += laneSize;
    }
    y += 3;
  }
  lanesHeight = y + 4;
  const box = document.getElementById("scroll");
  const most = Math.max(220, Math.round(window.innerHeight * 0.62));
  box.style.height = Math.min(lanesHeight, most) + "px";
  document.getElementById("tall").style.height = lanesHeight + "px";
}

// toggle opens or closes a process.
function toggle(p) {
  if (!closed.delete(p)) closed.add(p);
  layOut();
  redraw();
}

// toggleAll closes all processes, or opens them if all are closed.
function toggleAll() {
  const all = rows.filter((r) => r.session < 0).map((r) => r.process);
  const opened = all.filter((p) => !closed.has(p));
  closed.clear();
  if (opened.length > 0) all.forEach((p) => closed.add(p));
  layOut();
  redraw();
}

const processName = (p) => (p < 0 ? "not traced" : D.processes[p].name);

// home is the process of a session, or else the one that is given.
const home = (session, process) => (session >= 0 ? D.sessions[session][1] : process);

// rowOf returns the row in which a session, or else a process, is to be seen; of neither, none.
function rowOf(session, process) {
  if (session < 0 && process < 0) return undefined;
  return rows.find((r) => r.session >= 0 && r.session === session) ||
    rows.find((r) => r.session < 0 && r.process === home(session, process));
}

const scrollTop = () => document.getElementById("scroll").scrollTop;

// reveal scrolls a row into the middle.
function reveal(row) {
  const box = document.getElementById("scroll");
  box.scrollTop = row.y - box.clientHeight / 2 + row.height / 2;
}

// rowAt returns the row at a height in the visible part.
function rowAt(y) {
  const t = y + scrollTop();
  return rows.find((r) => t >= r.y && t < r.y + r.height);
}
