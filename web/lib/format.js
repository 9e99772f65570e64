// Numbers, times and sizes as people read them.
import { language } from "./i18n.js";

/**
 * 5 → 0:05, 3725 → 1:02:05
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
  const pad = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0
    ? `${hours}:${pad(minutes)}:${pad(whole % 60)}`
    : `${minutes}:${pad(whole % 60)}`;
}

/** @param {number} count */
export function bytes(count) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return (count / 1000 ** step).toLocaleString(language(), {
    style: "unit", unit: units[step], unitDisplay: "short", maximumFractionDigits: step > 1 ? 1 : 0,
  });
}

/** @param {number} bitsPerSecond */
export const bitrate = (bitsPerSecond) =>
  bitsPerSecond >= 1e6
    ? `${(bitsPerSecond / 1e6).toLocaleString(language(), { maximumFractionDigits: 1 })} Mbit/s`
    : `${Math.round(bitsPerSecond / 1e3).toLocaleString(language())} kbit/s`;

/** @param {number} count */
export const compact = (count) =>
  count.toLocaleString(language(), { notation: "compact", maximumFractionDigits: 1 });

/** @param {number} fraction 0…1 */
export const percent = (fraction) =>
  Math.min(1, Math.max(0, fraction)).toLocaleString(language(), {
    style: "percent", maximumFractionDigits: 0,
  });

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const steps = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];

/** @param {string} date RFC 3339 */
export function ago(date) {
  const seconds = (Date.parse(date) - Date.now()) / 1000;
  if (!Number.isFinite(seconds)) return "";
  const words = new Intl.RelativeTimeFormat(language(), { numeric: "auto" });
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return words.format(0, "second");
}
