// The data of the runs, and words for it. All instants are microseconds since a run began.

const RUNS = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

let run = null; // the one that is shown

function duration(us) {
  if (us >= 7.2e9) return (us / 3.6e9).toFixed(2) + " h";
  if (us >= 1.2e8) return (us / 6e7).toFixed(1) + " min";
  if (us >= 1e7) return (us / 1e6).toFixed(1) + " s";
  if (us >= 1e6) return (us / 1e6).toFixed(2) + " s";
  if (us >= 1e3) return (us / 1e3).toPrecision(3) + " ms";
  return us + " µs";
}

// clock writes an instant as hours, minutes and seconds, as exactly as step asks for.
function clock(us, step) {
  const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step / 1e6) - 1e-9)));
  const scale = Math.pow(10, digits);
  const total = Math.round(Math.max(0, us) / 1e6 * scale) / scale;
  const h = Math.floor(total / 3600), m = Math.floor(total / 60) % 60;
  const s = (total - h * 3600 - m * 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return (run.end >= 3.6e9 ? h + ":" + String(m).padStart(2, "0") : String(m)) + ":" + s;
}

const number = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const part = (n, of) => (of > 0 ? (100 * n / of).toFixed(1) + " %" : "-");

// firstAfter returns the index of the first of a list, ordered by column, that is above value.
function firstAfter(list, column, value) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle][column] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
