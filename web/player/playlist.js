// HLS playlists (RFC 8216): the part of the format that a player of CMAF needs.

/**
 * @typedef {{start: number, length: number}} ByteRange
 * @typedef {{url: string, range: ByteRange | null}} Part
 * @typedef {Part & {start: number, duration: number, sequence: number, init: Part | null}} Segment
 * @typedef {{segments: Segment[], target: number, ended: boolean, duration: number}} MediaPlaylist
 * @typedef {{url: string, bandwidth: number, average: number, codecs: string[], width: number,
 *   height: number, frameRate: number, audio: string | null, subtitles: string | null}} Variant
 * @typedef {{type: string, group: string, name: string, language: string, url: string | null,
 *   isDefault: boolean}} Rendition
 * @typedef {{variants: Variant[], renditions: Rendition[]}} MasterPlaylist
 */

const segmentsMax = 100_000;

/**
 * NAME=value,NAME="value, with comma"
 * @param {string} text
 * @returns {Map<string, string>}
 */
export function attributes(text) {
  const found = new Map();
  for (const match of text.matchAll(/([A-Z0-9-]+)=("([^"]*)"|[^",]*)/g)) {
    found.set(match[1], match[3] ?? match[2]);
  }
  return found;
}

/**
 * @param {string | undefined} text length[@offset]
 * @param {number} following where the part before this one ended
 * @returns {ByteRange | null}
 */
function byteRange(text, following) {
  const match = /^(\d+)(?:@(\d+))?$/.exec(text ?? "");
  if (!match) return null;
  return { start: match[2] === undefined ? following : Number(match[2]), length: Number(match[1]) };
}

/** @param {string} text */
function* lines(text) {
  if (!text.trimStart().startsWith("#EXTM3U")) throw new SyntaxError("not a playlist");
  for (const line of text.split(/\r?\n/)) if (line.trim() !== "") yield line.trim();
}

/** @param {string | undefined} text */
const number = (text) => { const value = Number(text); return Number.isFinite(value) ? value : 0; };

/**
 * @param {string} text
 * @param {string} base what relative addresses are relative to
 * @returns {MasterPlaylist}
 */
export function parseMaster(text, base) {
  /** @type {MasterPlaylist} */
  const master = { variants: [], renditions: [] };
  /** @type {Map<string, string> | null} */
  let pending = null;
  for (const line of lines(text)) {
    if (line.startsWith("#EXT-X-MEDIA:")) {
      const found = attributes(line.slice(13));
      const url = found.get("URI");
      master.renditions.push({
        type: found.get("TYPE") ?? "", group: found.get("GROUP-ID") ?? "",
        name: found.get("NAME") ?? "", language: found.get("LANGUAGE") ?? "",
        url: url ? new URL(url, base).href : null, isDefault: found.get("DEFAULT") === "YES",
      });
    } else if (line.startsWith("#EXT-X-STREAM-INF:")) {
      pending = attributes(line.slice(18));
    } else if (!line.startsWith("#") && pending) {
      const [width, height] = (pending.get("RESOLUTION") ?? "").split("x");
      const bandwidth = number(pending.get("BANDWIDTH"));
      master.variants.push({
        url: new URL(line, base).href, bandwidth,
        average: number(pending.get("AVERAGE-BANDWIDTH")) || bandwidth,
        codecs: (pending.get("CODECS") ?? "").split(",").map((each) => each.trim()).filter(Boolean),
        width: number(width), height: number(height), frameRate: number(pending.get("FRAME-RATE")),
        audio: pending.get("AUDIO") ?? null, subtitles: pending.get("SUBTITLES") ?? null,
      });
      pending = null;
    }
  }
  return master;
}

/**
 * @param {string} text
 * @param {string} base
 * @returns {MediaPlaylist}
 */
export function parseMedia(text, base) {
  /** @type {MediaPlaylist} */
  const playlist = { segments: [], target: 4, ended: false, duration: 0 };
  /** @type {Part | null} */
  let init = null;
  /** @type {string | undefined} */
  let range;
  let duration = 0;
  let following = 0;
  let sequence = 0;
  for (const line of lines(text)) {
    const [tag = "", value = ""] = line.startsWith("#") ? splitTag(line) : [];
    if (tag === "#EXTINF") duration = Math.max(0, number(value.split(",")[0]));
    else if (tag === "#EXT-X-TARGETDURATION") playlist.target = Math.max(1, number(value));
    else if (tag === "#EXT-X-MEDIA-SEQUENCE") sequence = number(value);
    else if (tag === "#EXT-X-BYTERANGE") range = value;
    else if (tag === "#EXT-X-ENDLIST") playlist.ended = true;
    else if (tag === "#EXT-X-MAP") {
      const found = attributes(value);
      init = {
        url: new URL(found.get("URI") ?? "", base).href, range: byteRange(found.get("BYTERANGE"), 0),
      };
    } else if (tag === "") {
      if (playlist.segments.length >= segmentsMax) break;
      const bytes = byteRange(range, following);
      following = bytes ? bytes.start + bytes.length : 0;
      playlist.segments.push({
        url: new URL(line, base).href, range: bytes, start: playlist.duration, duration, sequence, init,
      });
      playlist.duration += duration;
      sequence += 1;
      range = undefined;
      duration = 0;
    }
  }
  return playlist;
}

/** @param {string} line @returns {[string, string]} */
function splitTag(line) {
  const colon = line.indexOf(":");
  return colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1)];
}

/**
 * The segment that covers `time`, or null when the playlist does not reach that far yet.
 * @param {MediaPlaylist} playlist
 * @param {number} time seconds
 * @returns {Segment | null}
 */
export function segmentAt(playlist, time) {
  let low = 0;
  let high = playlist.segments.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const segment = playlist.segments[middle];
    if (!segment) return null;
    if (time < segment.start) high = middle - 1;
    else if (time >= segment.start + segment.duration) low = middle + 1;
    else return segment;
  }
  return time < 0 ? playlist.segments[0] ?? null : null;
}
