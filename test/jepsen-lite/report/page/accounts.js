// The charts: what each window of an account admitted of its limit, and how long limiters waited.

// drawAccount draws the windows of one account: the limit as a line, under it what was admitted,
// what was granted and not, and what is left; above it, in red, what overshot.
function drawAccount(g, row) {
  const { account, y, height } = row;
  const base = y + height - 1;
  const room = height - 12;
  const tall = (n) => n / peak(account) * room;
  const put = (x, w, bound, granted, admitted) => {
    g.fillStyle = C.unused;
    g.fillRect(x, base - tall(bound), w, tall(bound));
    const lent = Math.min(bound, Math.max(granted, admitted));
    g.fillStyle = C.granted;
    g.fillRect(x, base - tall(lent), w, tall(lent));
    const within = Math.min(bound, admitted);
    g.fillStyle = C.admitted;
    g.fillRect(x, base - tall(within), w, tall(within));
    g.fillStyle = C.limit;
    g.fillRect(x, base - tall(bound) - 0.5, Math.max(1, w), 1);
  };
  const columns = new Map(); // of narrow bands, sums by pixel
  const over = [];
  inView(account.bands, 0, 1, longest(account), (b) => {
    const [from, to, bound, granted, admitted, windows] = b;
    const x = X(from), w = X(to) - x;
    if (admitted > bound) over.push([x, Math.max(3, w), bound / windows, admitted / windows]);
    if (w >= 2) {
      put(x, w >= 5 ? w - 1 : w, bound / windows, granted / windows, admitted / windows);
      return;
    }
    const pixel = Math.floor(x);
    const sum = columns.get(pixel) || [0, 0, 0, 0, pixel + 1];
    sum[0] += bound;
    sum[1] += granted;
    sum[2] += admitted;
    sum[3] += windows;
    sum[4] = Math.max(sum[4], x + w);
    columns.set(pixel, sum);
  });
  for (const [pixel, [bound, granted, admitted, windows, end]] of columns) {
    put(pixel, end - pixel, bound / windows, granted / windows, admitted / windows);
  }
  g.fillStyle = C.bad;
  for (const [x, w, bound, admitted] of over) {
    const top = Math.max(y + 1, base - tall(admitted));
    g.fillRect(x, top, w, Math.max(4, base - tall(bound) - top));
  }
}

// peak is the largest limit or sum of a window.
function peak(account) {
  account.peak ||= account.bands.reduce((most, b) => Math.max(most, b[2] / b[5], b[4] / b[5]), 1);
  return account.peak;
}

function longest(account) {
  account.longest ||= account.bands.reduce((most, b) => Math.max(most, b[1] - b[0]), 1);
  return account.longest;
}

function accountLabel(g, row) {
  const { account, y } = row;
  g.font = "600 11px system-ui, sans-serif";
  text(g, cut(g, account.label, GUTTER - 18), 8, y + 12, C.ink, "left", 11, "600");
  const worst = account.bands.reduce((most, b) => Math.max(most, b[4] - b[2]), 0);
  const limit = account.bands.reduce((most, b) => Math.max(most, Math.round(b[2] / b[5])), 0);
  if (worst > 0) text(g, "overshot by " + number(worst), 8, y + 27, C.bad, "left", 11, "700");
  else text(g, "limit up to " + number(limit), 8, y + 27, C.soft, "left", 10);
  const sum = (column) => account.bands.reduce((n, b) => n + b[column], 0);
  text(g, part(sum(4), sum(2)) + " of " + number(sum(5)) + " windows", 8, y + 40, C.soft, "left",
    10);
}

// The scale of the waits: each power of ten is as tall as the others.
const FLOOR = 100; // microseconds
function waitScale(row) {
  const most = run.waits.reduce((n, w) => Math.max(n, w[4]), 10 * FLOOR);
  const decades = Math.ceil(Math.log10(most / FLOOR) - 1e-9);
  return (us) => row.y + row.height - 1 -
    Math.max(0, Math.log10(Math.max(FLOOR, us) / FLOOR)) / decades * (row.height - 8);
}

// powers are those of ten that the scale reaches.
function powers(level, row) {
  const list = [];
  for (let us = FLOOR; level(us) >= row.y; us *= 10) list.push(us);
  return list;
}

function drawWaits(g, row) {
  const level = waitScale(row);
  const base = row.y + row.height - 1;
  g.fillStyle = C.line;
  for (const us of powers(level, row)) g.fillRect(GUTTER, level(us), plotWidth(), 1);
  const part = run.waits.reduce((n, w) => Math.max(n, w[1] - w[0]), 1);
  inView(run.waits, 0, 1, part, (w) => {
    const x = X(w[0]), size = Math.max(1, X(w[1]) - x - (X(w[1]) - x > 4 ? 1 : 0));
    g.fillStyle = C.max;
    g.fillRect(x, level(w[4]), size, base - level(w[4]));
    g.fillStyle = C.median;
    g.fillRect(x, level(w[3]), size, Math.max(1.5, base - level(w[3])));
  });
}
