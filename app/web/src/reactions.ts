/** Tells the server what was played to its end and what was skipped early, for listeners who agreed. */

/** What the player knows of a track when it leaves it. */
export interface Play {
  trackId: string;
  /** Where it was played; undefined unless the listener agreed to be learned from. */
  playlistId: string | undefined;
  playedS: number;
  durationS: number;
  hasEnded: boolean;
}

const EARLY_S = 30;
const EARLY_SHARE = 1 / 3;
// A slip of the finger tells nothing.
const NOTICED_S = 1;

/** Report a play, unless it says nothing or the listener has spoken for themselves. */
export function reportPlay(play: Play): void {
  const kind = judge(play);
  if (!play.playlistId || !kind || hasWord(play.trackId)) return;
  const body = new URLSearchParams({ track_id: play.trackId, playlist_id: play.playlistId, kind });
  // Lost reports do no harm, and a page that closes still sends them.
  void fetch("/reactions", { method: "POST", body, keepalive: true, headers: { "X-CSRFToken": getToken() } }).catch(
    () => undefined,
  );
}

/** Tell whether the listener never wants to hear this row again. */
export function isNever(row: HTMLElement): boolean {
  return row.querySelector('[data-reaction="never"]') !== null;
}

/** Keep the focus where it was, when the buttons of a track have come anew. */
export function keepFocus(): void {
  if (pressed && document.activeElement === document.body) {
    document.querySelector<HTMLButtonElement>(`#${pressed} button`)?.focus();
  }
  pressed = null;
}

let pressed: string | null = null;

document.addEventListener("submit", (event) => {
  pressed = (event.target as Element).closest(".reactions")?.id ?? null;
});

function judge({ playedS, durationS, hasEnded }: Play): "finished" | "skip" | null {
  if (hasEnded) return "finished";
  const early_s = Math.min(EARLY_S, durationS * EARLY_SHARE || EARLY_S);
  return playedS >= NOTICED_S && playedS < early_s ? "skip" : null;
}

function hasWord(trackId: string): boolean {
  const form = document.querySelector<HTMLElement>(`#reactions-${trackId} form`);
  return form?.dataset["reaction"] === "like" || form?.dataset["reaction"] === "never";
}

function getToken(): string {
  return document.querySelector<HTMLInputElement>('input[name="csrf_token"]')?.value ?? "";
}
