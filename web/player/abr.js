// Which quality to fetch next. Throughput leads while the buffer is small, the buffer itself (BOLA)
// once it is comfortable; neither may choose a rung whose next segment would outlast the buffer.

/** Bits per second as two moving averages; the lower one counts, so drops act fast and rises slow. */
export class Throughput {
  #fast = { value: 0, weight: 0 };
  #slow = { value: 0, weight: 0 };

  /**
   * @param {number} bytes
   * @param {number} seconds
   */
  add(bytes, seconds) {
    if (bytes < 4096 || seconds <= 0) return; // says more about latency than about the link
    const bits = (bytes * 8) / Math.max(seconds, 0.002);
    for (const [average, halfLife] of /** @type {const} */ ([[this.#fast, 2], [this.#slow, 6]])) {
      const keep = 0.5 ** (Math.max(seconds, 0.3) / halfLife);
      average.value = keep * average.value + (1 - keep) * bits;
      average.weight = keep * average.weight + (1 - keep);
    }
  }

  /** Estimated bits per second, or 0 while nothing is known. */
  get estimate() {
    if (this.#fast.weight === 0) return 0;
    return Math.min(
      this.#fast.value / this.#fast.weight, this.#slow.value / this.#slow.weight);
  }
}

const safety = 0.8;
const bolaFrom = 12;
const bufferTarget = 28;

/**
 * BOLA-BASIC (Spiteri et al., 2016): the rung with the best (V·(utility + γp) − buffer) / size.
 * @param {number[]} rates ascending
 * @param {number} buffer seconds
 */
export function bola(rates, buffer) {
  const lowest = rates[0] ?? 1;
  const utilities = rates.map((rate) => Math.log(rate / lowest) + 1);
  const top = utilities[utilities.length - 1] ?? 1;
  const gp = top > 1 ? (top - 1) / (bufferTarget / 8 - 1) : 1;
  const v = 8 / gp;
  let best = 0;
  let bestScore = -Infinity;
  rates.forEach((rate, index) => {
    const score = (v * ((utilities[index] ?? 1) - 1 + gp) - buffer) / rate;
    if (score >= bestScore) { bestScore = score; best = index; }
  });
  return best;
}

/**
 * @param {{rates: number[], current: number, bandwidth: number, buffer: number, duration: number}} state
 *   rates: bits per second, ascending; current: the rung now, −1 at first; bandwidth: bits per second,
 *   0 unknown; buffer and duration (of the next segment): seconds
 * @returns {number} the rung to fetch
 */
export function choose({ rates, current, bandwidth, buffer, duration }) {
  if (rates.length === 0) return -1;
  if (bandwidth === 0) return current >= 0 ? Math.min(current, rates.length - 1) : Math.min(1, rates.length - 1);
  let byThroughput = 0;
  rates.forEach((rate, index) => { if (rate <= bandwidth * safety) byThroughput = index; });
  let chosen = byThroughput;
  if (buffer >= bolaFrom) {
    // A full buffer may hold a rung that throughput alone would give up, but climbs only one above it.
    chosen = Math.min(bola(rates, buffer), byThroughput + 1);
    chosen = Math.max(chosen, Math.min(byThroughput, current));
    if (buffer >= bolaFrom * 1.5) chosen = Math.max(chosen, byThroughput);
  }
  if (current < 0) return Math.min(byThroughput, rates.length - 1);
  // Never climb into a stall: the next segment must arrive well before the buffer runs dry.
  while (chosen > current && ((rates[chosen] ?? 0) * duration) / bandwidth > Math.max(buffer * 0.7, 0.5)) {
    chosen -= 1;
  }
  return chosen;
}

/**
 * Whether a fetch that is under way should be given up for a lower rung.
 * @param {{elapsed: number, received: number, total: number, buffer: number, lowerBytes: number}} fetched
 *   seconds, bytes so far, bytes in all, seconds of buffer left, bytes of the same segment lowest rung
 */
export function tooSlow({ elapsed, received, total, buffer, lowerBytes }) {
  if (elapsed < 0.5) return false;
  const rate = Math.max(received, 1) / elapsed;
  const remaining = (total - received) / rate;
  return remaining > Math.max(buffer, 0.5) && lowerBytes / rate < remaining * 0.8;
}
