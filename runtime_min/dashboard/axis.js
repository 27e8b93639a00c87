// Puts moments on a line from 0 to 1. All three kinds of axis are the same thing: the gaps between the
// moments at which something happens have widths, and inside of a gap time is even.
import { duration } from "./words.js";

const WIDTHS = {
  time: (gap) => gap,
  // 3 ms are 1.4 wide and 30 days 21.7: both can be seen.
  packed: (gap) => Math.log1p(gap * 1000),
  order: () => 1,
};
const STEPS = [1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
  3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000, 864000, 2592000, 8640000, 31536000];

const offset = (seconds) => (seconds ? `+${duration(seconds)}` : "0");

export class Axis {
  constructor(moments, kind) {
    this.times = [...new Set(moments)].sort((a, b) => a - b);
    this.kind = kind;
    this.places = [0];
    for (let i = 1; i < this.times.length; i++) {
      this.places.push(this.places[i - 1] + WIDTHS[kind](this.times[i] - this.times[i - 1]));
    }
    this.width = this.places[this.places.length - 1] || 1;
  }

  get begin() { return this.times[0]; }
  get end() { return this.times[this.times.length - 1]; }

  // Where a moment is, from 0 to 1.
  at(time) {
    const { times, places } = this;
    if (time <= times[0]) return 0;
    let low = 0, high = times.length - 1;
    if (time >= times[high]) return places[high] / this.width;
    while (high - low > 1) { // the gap in which it lies
      const middle = (low + high) >> 1;
      if (times[middle] <= time) low = middle; else high = middle;
    }
    const share = (time - times[low]) / (times[high] - times[low]);
    return (places[low] + share * (places[high] - places[low])) / this.width;
  }

  // At most about `most` of them: round ones where time is even, else moments that are far enough apart.
  ticks(most) {
    return this.kind === "time" ? this.roundTicks(most) : this.momentTicks(most);
  }

  roundTicks(most) {
    const whole = this.end - this.begin;
    const step = STEPS.find((one) => whole / one <= most) ?? whole;
    const found = [];
    for (let i = 0; step > 0 && i * step <= whole; i++) found.push({ at: (i * step) / whole, text: offset(i * step) });
    return found;
  }

  momentTicks(most) {
    const found = [];
    const apart = (a, b) => b - a >= 0.9 / most;
    const last = this.times.length - 1;
    this.times.forEach((time, i) => {
      const at = this.places[i] / this.width;
      // The end is worth a tick more than what is just before it.
      const fits = i === last || i === 0 || (apart(found[found.length - 1].at, at) && apart(at, 1));
      if (fits) found.push({ at, text: offset(time - this.begin) });
    });
    return found;
  }
}

// Whether on an even axis something that took its time would be too thin to be seen.
export function needsPacking(spans, whole) {
  return spans.some(({ begin, end }) => end > begin && (end - begin) / whole < 0.002);
}
