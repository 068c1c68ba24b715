// What the page draws, with the names that timeline/data.go gives to the numbers.

const D = JSON.parse(document.getElementById("data").textContent);
const V = D.violation;

const ENDINGS = ["alive at the end", "spent", "given up", "expired",
  "not taken, as far as recorded", "its process died"];

function leaseOf(r) {
  const spans = [];
  for (let i = 14; i < r.length; i += 3) spans.push({ from: r[i], to: r[i + 1], n: r[i + 2] });
  return { id: r[0], session: r[1], window: r[2], granted: r[3], from: r[4], to: r[5], amount: r[6],
    admitted: r[7], returned: r[8], ending: r[9], ttl: r[10], life: r[11], admissions: r[12],
    replays: r[13], spans };
}

function cellOf(r) {
  return { session: r[0], window: r[1], from: r[2], to: r[3], leases: r[4], amount: r[5],
    admitted: r[6], returned: r[7], spans: [] };
}

function windowOf(r) {
  return { window: r[0], bound: r[1], leases: r[2], granted: r[3], returned: r[4], admitted: r[5],
    unrecorded: r[6], closed: r[7] === 1 };
}

const LED = D.led.map((r) => ({ node: r[0], term: r[1], from: r[2], open: r[3], to: r[4],
  lost: r[5] === 1 }));

// shown is the account on the page, unpacked; rows are its lanes.
let shown = null;

function unpack(index) {
  const a = D.accounts[index];
  const none = { bands: [], windows: new Map(), leases: [], cells: [], denials: [], fails: [] };
  if (!a) return { index: -1, ...none, bySession: new Map() };
  const out = { index, label: a.label,
    bands: D.limits[a.limit].bands.map((b) => ({ window: b[0], from: b[1], to: b[2] })),
    windows: new Map(a.windows.map((r) => [r[0], windowOf(r)])),
    leases: a.leases.map(leaseOf), cells: a.cells.map(cellOf),
    denials: a.denials.map((r) => ({ at: r[0], session: r[1], left: r[2] })),
    fails: a.fail_opens.map((r) => ({ from: r[0], to: r[1], session: r[2], n: r[3], count: r[4] })),
    bySession: new Map() };
  const of = (s) => {
    if (!out.bySession.has(s)) {
      out.bySession.set(s, { leases: [], cells: [], denials: [], fails: [] });
    }
    return out.bySession.get(s);
  };
  for (const l of out.leases) of(l.session).leases.push(l);
  for (const c of out.cells) of(c.session).cells.push(c);
  for (const d of out.denials) of(d.session).denials.push(d);
  for (const f of out.fails) of(f.session).fails.push(f);
  for (const w of out.windows.values()) w.curve = [];
  for (const l of out.leases) {
    const w = out.windows.get(l.window);
    if (w) for (const s of l.spans) w.curve.push([s.to, s.n]);
  }
  for (const w of out.windows.values()) w.curve = curve(w);
  if (V && V.account === index) {
    for (const e of V.events) if (e.session >= 0) of(e.session);
  }
  return out;
}

// curve is how the admissions of a window grew: instants and sums. It is null if not all of them
// are known in detail.
function curve(w) {
  let sum = 0;
  const points = w.curve.sort((a, b) => a[0] - b[0]).map(([t, n]) => [t, sum += n]);
  return sum === w.admitted ? points : null;
}

const grouped = new Intl.NumberFormat("en-US");
const num = (n) => grouped.format(n);

// span writes a duration in microseconds.
function duration(us) {
  const a = Math.abs(us);
  if (a >= 1e6) return (us / 1e6).toFixed(a >= 1e8 ? 1 : 3) + " s";
  if (a >= 1e3) return (us / 1e3).toFixed(a >= 1e5 ? 0 : 1) + " ms";
  return Math.round(us) + " µs";
}

const instant = (us) => (us / 1e6).toFixed(3) + " s";

function percent(part, whole) {
  if (!(whole > 0)) return "";
  if (part > whole) return "over the bound";
  return (Math.floor(part / whole * 1000) / 10).toFixed(1) + " %";
}

// excess is what the violation adds to a window of the account that is shown.
function excessOf(window, of) {
  const here = V && V.account === shown.index && V.window === window && V.excess_of === of;
  return here ? V.excess : 0;
}
