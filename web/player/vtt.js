// WebVTT, as far as captions and storyboards need it.

/**
 * @typedef {{start: number, end: number, text: string, settings: Map<string, string>}} Cue
 * @param {string} text
 * @returns {Cue[]}
 */
export function parseVTT(text) {
  /** @type {Cue[]} */
  const cues = [];
  for (const block of text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n").split(/\n{2,}/)) {
    const rows = block.split("\n").filter((row) => row !== "");
    const at = rows.findIndex((row) => row.includes("-->"));
    if (at < 0 || at > 1) continue;
    const [from = "", rest = ""] = (rows[at] ?? "").split("-->");
    const [to = "", ...settings] = rest.trim().split(/\s+/);
    const start = seconds(from.trim());
    const end = seconds(to);
    if (!(end > start)) continue;
    cues.push({
      start, end, text: rows.slice(at + 1).join("\n"),
      settings: new Map(settings.map((each) => {
        const [name = "", value = ""] = each.split(":");
        return [name, value];
      })),
    });
  }
  return cues;
}

/** @param {string} text [hh:]mm:ss.mmm */
function seconds(text) {
  const match = /^(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})$/.exec(text);
  if (!match) return NaN;
  return Number(match[1] ?? 0) * 3600 + Number(match[2]) * 60 + Number(match[3])
    + Number((match[4] ?? "0").padEnd(3, "0")) / 1000;
}

/**
 * @typedef {{url: string, x: number, y: number, width: number, height: number}} Tile
 * @param {Cue[]} cues of a storyboard: `sprite.jpg#xywh=0,0,160,90`
 * @param {number} time
 * @param {string} base
 * @returns {Tile | null}
 */
export function tileAt(cues, time, base) {
  const cue = cues.find((each) => time >= each.start && time < each.end) ?? cues[cues.length - 1];
  if (!cue) return null;
  const [address = "", fragment = ""] = cue.text.trim().split("#");
  const match = /^xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$/.exec(fragment);
  if (!match) return null;
  const [x = 0, y = 0, width = 0, height = 0] = match.slice(1).map(Number);
  return { url: new URL(address, base).href, x, y, width, height };
}

/** @param {Cue} cue */
export function toTextCue(cue) {
  const made = new VTTCue(cue.start, cue.end, cue.text);
  const align = cue.settings.get("align");
  if (align === "start" || align === "end" || align === "left" || align === "right") made.align = align;
  const line = /^(-?\d+(?:\.\d+)?)(%?)/.exec(cue.settings.get("line") ?? "");
  if (line) { made.snapToLines = line[2] !== "%"; made.line = Number(line[1]); }
  else made.line = -3; // above the controls
  const size = parseFloat(cue.settings.get("size") ?? "");
  if (size > 0 && size <= 100) made.size = size;
  return made;
}
