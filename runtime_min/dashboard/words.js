// Puts times into words.

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

// Such as `3.2 ms`, `4.1 s`, `2 h 5 min` or `30 d`.
export function duration(seconds) {
  if (seconds < 0.9995) return `${trimmed(Math.max(seconds, 0) * 1000)} ms`;
  if (seconds < 59.95) return `${trimmed(seconds)} s`;
  const whole = Math.round(seconds);
  const at = UNITS.findIndex(([, size]) => whole >= size);
  const [unit, size] = UNITS[at], [smaller, part] = UNITS[at + 1];
  const rest = Math.floor((whole % size) / part);
  return `${Math.floor(whole / size)} ${unit}${rest ? ` ${rest} ${smaller}` : ""}`;
}

const trimmed = (number) => (number >= 100 ? number.toFixed(0) : number.toFixed(1).replace(/\.0$/, ""));

const FORMAT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

// In the reader's time zone; times that no calendar has are shown as they are.
export function moment(seconds) {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : FORMAT.format(date);
}

export const plural = (number, word) => `${number.toLocaleString()} ${word}${number === 1 ? "" : "s"}`;
