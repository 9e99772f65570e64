// What each key does in the player.

/**
 * @typedef {{kind: "toggle" | "mute" | "full" | "captions"} |
 *   {kind: "jump" | "share" | "volume" | "speed", by: number}} KeyAction
 * @param {KeyboardEvent} event
 * @param {boolean} onInput the focus is on a slider, which has its own arrows
 * @param {boolean} onButton the focus is on a button, which has its own space
 * @returns {KeyAction | null}
 */
export function keyAction(event, onInput, onButton) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const { key } = event;
  if (onInput && key.startsWith("Arrow")) return null;
  if (onButton && (key === " " || key === "Enter")) return null;
  if (/^[0-9]$/.test(key)) return { kind: "share", by: Number(key) / 10 };
  switch (key.length === 1 ? key.toLowerCase() : key) {
    case " ": case "k": return { kind: "toggle" };
    case "j": return { kind: "jump", by: -10 };
    case "l": return { kind: "jump", by: 10 };
    case "ArrowLeft": return { kind: "jump", by: -5 };
    case "ArrowRight": return { kind: "jump", by: 5 };
    case "ArrowUp": return { kind: "volume", by: 0.1 };
    case "ArrowDown": return { kind: "volume", by: -0.1 };
    case "Home": return { kind: "share", by: 0 };
    case "m": return { kind: "mute" };
    case "f": return { kind: "full" };
    case "c": return { kind: "captions" };
    case ">": return { kind: "speed", by: 1 };
    case "<": return { kind: "speed", by: -1 };
    default: return null;
  }
}
