// Who led when, and what else happened to the nodes.

function drawNode(g, node, i) {
  const middle = nodeY(i) + NODE / 2;
  for (const [from, to] of node.lives) {
    g.fillStyle = C.none;
    g.fillRect(X(from), middle - 1, Math.max(1, X(to) - X(from)), 2);
    g.fillRect(X(to), middle - 4, 2, 8);
  }
  for (const l of inView(LED.filter((led) => led.node === i))) {
    g.fillStyle = C.lead;
    g.globalAlpha = 0.35; // elected, and not yet able to grant
    g.fillRect(X(l.from), nodeY(i) + 4, Math.max(2, X(l.to) - X(l.from)), NODE - 8);
    g.globalAlpha = 1;
    if (l.open >= 0) {
      g.fillRect(X(l.open), nodeY(i) + 3, Math.max(2, X(l.to) - X(l.open)), NODE - 6);
    }
    const left = Math.max(X(l.from), GUTTER);
    if (Math.min(X(l.to), width) - left > 110) {
      text(g, "leader of term " + l.term, left + 6, middle, C.paper, "left", 11, "600");
    }
    if (!l.lost && !atEnd(l.to)) cross(g, X(l.to), middle, C.bad);
  }
}

// atEnd reports whether an instant is where all that was checked ends.
const atEnd = (us) => us >= D.axis.checked - 1;

function cross(g, x, y, colour) {
  g.strokeStyle = colour;
  g.lineWidth = 2.4;
  g.beginPath();
  for (const d of [-1, 1]) {
    g.moveTo(x - 5, y - 5 * d);
    g.lineTo(x + 5, y + 5 * d);
  }
  g.stroke();
}

function drawMarks(g) {
  for (const m of D.marks) {
    if (m.process >= 0) continue;
    const y = m.node >= 0 ? nodeY(m.node) + NODE / 2 : nodesTop - 4;
    mark(g, m, X(m.at), y);
  }
}

function mark(g, m, x, y) {
  if (m.kind === "crash") {
    cross(g, x, y, C.bad);
    return;
  }
  g.fillStyle = m.kind === "restore" ? C.good : m.kind === "gap" ? C.bad : C.soft;
  g.beginPath();
  if (m.kind === "restore") {
    g.moveTo(x - 5, y + 5);
    g.lineTo(x + 5, y + 5);
    g.lineTo(x, y - 5);
  } else {
    g.arc(x, y, m.kind === "gap" ? 5 : 2.5, 0, 7);
  }
  g.fill();
}

// drawBrokenNodes numbers the violation's events that have no lane but a node.
function drawBrokenNodes(g) {
  if (!V) return;
  const spots = new Map();
  V.events.forEach((e, i) => {
    if (e.node < 0 || rowOf(e.session, e.process)) return;
    const spot = e.node + ":" + Math.round(X(e.at) / 8);
    if (!spots.has(spot)) spots.set(spot, { x: X(e.at), y: nodeY(e.node) + NODE / 2, numbers: [] });
    spots.get(spot).numbers.push(i + 1);
  });
  for (const s of spots.values()) badge(g, s.numbers.join(","), s.x, s.y);
}
