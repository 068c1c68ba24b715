// Buttons, pointer and keys.

const $ = (id) => document.getElementById(id);
let pending = false;

// redraw draws once, before the next frame.
function redraw() {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => {
    pending = false;
    drawHead();
    drawLanes();
    const digits = view.to - view.from < 50_000 ? 6 : 3;
    const text = (us) => (us / 1e6).toFixed(digits);
    $("range").textContent = text(Math.max(0, view.from)) + " to " +
      text(Math.min(END, view.to)) + " of " + instant(END);
  });
}

function select(index) {
  shown = unpack(index);
  $("account").value = String(index);
  layOut();
  redraw();
}

// showBroken shows the violation, or one of its events.
function showBroken(which) {
  if (V.account >= 0) select(V.account);
  const event = V.events[which] || V.events[0];
  if (event) closed.delete(home(event.session, event.process));
  layOut();
  const row = event && rowOf(event.session, event.process);
  if (row) reveal(row);
  if (which === undefined) {
    const room = Math.max(2000, (V.to - V.from) * 0.35);
    look(V.from - room, V.to + room);
  } else {
    const room = Math.max(2000, (V.to - V.from) * 0.04);
    look(event.at - room, event.at + room);
  }
  $("chart").scrollIntoView({ block: "start" });
  $("plot").focus({ preventScroll: true });
}

function resize() {
  width = $("plot").clientWidth;
  layOut();
  redraw();
}

// place returns where in the plot an event is, and in which part.
function place(e) {
  const box = $("plot").getBoundingClientRect();
  const x = e.clientX - box.left, y = e.clientY - box.top;
  return { x, y, head: y < headHeight(), lane: y - headHeight() };
}

let drag = null;

function down(e) {
  if (e.button !== 0) return;
  const p = place(e);
  const box = $("scroll");
  if (!p.head && p.x > box.clientWidth) return; // the scroll bar
  drag = { ...p, from: view.from, to: view.to, top: box.scrollTop, moved: false,
    range: e.shiftKey };
  $("plot").setPointerCapture(e.pointerId);
}

function move(e) {
  const p = place(e);
  if (!drag) {
    const lines = p.head ? describeHead(p.x, p.y) : describeLanes(p.x, p.lane);
    showTip(p.x < GUTTER ? null : lines, p.x, p.y);
    return;
  }
  if (Math.abs(p.x - drag.x) + Math.abs(p.y - drag.y) > 3) drag.moved = true;
  if (!drag.moved) return;
  if (drag.range) {
    const [from, to] = [at(drag.x), at(p.x)].sort((a, b) => a - b);
    showTip([duration(to - from), instant(from) + " to " + instant(to)], p.x, p.y);
    return;
  }
  showTip(null);
  const by = (drag.x - p.x) / plotWidth() * (drag.to - drag.from);
  if (!drag.head) $("scroll").scrollTop = drag.top + drag.y - p.y;
  look(drag.from + by, drag.to + by);
}

function up(e) {
  const p = place(e);
  const was = drag;
  drag = null;
  if (!was) return;
  if (was.moved && was.range) {
    look(Math.min(at(was.x), at(p.x)), Math.max(at(was.x), at(p.x)));
  } else if (!was.moved && !p.head) {
    const row = rowAt(p.lane);
    if (row && row.session < 0) toggle(row.process);
  }
}

function wheel(e) {
  const p = place(e);
  if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
    e.preventDefault();
    pan((e.deltaX || e.deltaY) / 1500);
  } else if (p.head || e.ctrlKey || e.altKey) {
    e.preventDefault();
    zoom(Math.exp(Math.max(-60, Math.min(60, e.deltaY)) / 240), p.x);
  }
}

function key(e) {
  const does = {
    ArrowLeft: () => pan(-0.15), ArrowRight: () => pan(0.15),
    ArrowUp: () => $("scroll").scrollBy(0, -40), ArrowDown: () => $("scroll").scrollBy(0, 40),
    "+": () => zoom(0.7), "=": () => zoom(0.7), "-": () => zoom(1 / 0.7),
    "0": lookAtAll, Home: lookAtAll, c: toggleAll, v: () => V && showBroken(),
  }[e.key];
  if (!does || e.ctrlKey || e.metaKey || e.altKey) return;
  e.preventDefault();
  does();
}

function legend() {
  const items = [["even", "lease or window, even"], ["odd", "odd"], ["charged", "charged"],
    ["returned", "returned"], ["bound", "bound"], ["lead", "leader"], ["hatch", "no leader"],
    ["deny", "denied"], ["open", "failed open"], ["bad", "died, lost, violated"]];
  $("legend").replaceChildren(...items.map(([colour, name]) => {
    const swatch = document.createElement("canvas");
    swatch.width = 18;
    swatch.height = 10;
    const g = swatch.getContext("2d");
    g.fillStyle = C[colour];
    g.fillRect(0, colour === "bound" ? 4 : 0, 18, colour === "bound" ? 2 : 10);
    const item = document.createElement("span");
    item.append(swatch, name);
    return item;
  }));
}

function start() {
  $("chart").hidden = false;
  D.accounts.forEach((a, i) => $("account").append(new Option(a.label, String(i))));
  if (D.accounts.length === 0) $("account").append(new Option("none", "-1"));
  readColours();
  legend();
  width = $("plot").clientWidth;
  if (D.sessions.length > 150) {
    D.processes.forEach((_, i) => closed.add(i));
    closed.add(-1);
  }
  select(D.first);
  lookAtAll();
  $("account").addEventListener("change", (e) => select(Number(e.target.value)));
  $("in").addEventListener("click", () => zoom(0.6));
  $("out").addEventListener("click", () => zoom(1 / 0.6));
  $("all").addEventListener("click", lookAtAll);
  $("fold").addEventListener("click", toggleAll);
  if (V) {
    $("broken").hidden = false;
    $("broken").addEventListener("click", () => showBroken());
    document.querySelectorAll("[data-show]").forEach((b) => {
      b.hidden = false;
      const which = b.dataset.show;
      b.addEventListener("click", () => showBroken(which === "all" ? undefined : Number(which)));
    });
  }
  const plot = $("plot");
  plot.addEventListener("pointerdown", down);
  plot.addEventListener("pointermove", move);
  plot.addEventListener("pointerup", up);
  plot.addEventListener("pointercancel", () => { drag = null; });
  plot.addEventListener("pointerleave", () => showTip(null));
  plot.addEventListener("wheel", wheel, { passive: false });
  plot.addEventListener("dblclick", (e) => zoom(0.4, place(e).x));
  plot.addEventListener("keydown", key);
  $("scroll").addEventListener("scroll", redraw, { passive: true });
  addEventListener("resize", resize);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readColours();
    legend();
    redraw();
  });
  // A page that was opened with #violation, or an event's number, shows it.
  const wanted = /^#(violation|\d+)$/.exec(location.hash);
  if (V && wanted) showBroken(wanted[1] === "violation" ? undefined : Number(wanted[1]) - 1);
}

start();
