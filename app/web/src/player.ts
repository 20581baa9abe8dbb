/** Plays the playlist in the page: next, previous, seek, keys, and on past files that are gone. */

import { formatTime, getElement } from "./dom";
import { isNever, reportPlay } from "./reactions";

const SEEK_STEP_S = 5;

let player: Player | null = null;

/** Bring the player to life; called once, since it stays while the rest of the page changes. */
export function startPlayer(): void {
  player = new Player();
  player.adoptPlaylist();
}

/** Take over the playlist that has come into the page. Nothing plays by itself. */
export function adoptPlaylist(): void {
  player?.adoptPlaylist();
}

/** Go on where the track that plays is never to be heard again. */
export function leaveNever(): void {
  player?.leaveNever();
}

/** A microphone must not hear the music. */
export function pauseMusic(): void {
  player?.pause();
}

class Player {
  #bar = getElement<HTMLElement>("#player");
  #audio = getElement<HTMLAudioElement>("#audio");
  #seek = this.#part<HTMLInputElement>("seek");
  #rows: HTMLElement[] = [];
  #currentId: string | null = null;
  #playlistId: string | undefined;
  #note = this.#part("note");

  constructor() {
    this.#part("toggle").addEventListener("click", () => this.#toggle());
    this.#part("next").addEventListener("click", () => this.#step(1));
    this.#part("previous").addEventListener("click", () => this.#back());
    this.#seek.addEventListener("input", () => (this.#audio.currentTime = Number(this.#seek.value)));
    for (const event of ["play", "pause", "timeupdate", "durationchange"] as const) {
      this.#audio.addEventListener(event, () => this.#show());
    }
    this.#audio.addEventListener("ended", () => {
      this.#report(true);
      this.#step(1);
    });
    this.#audio.addEventListener("error", () => this.#skipGone());
    document.addEventListener("click", (event) => this.#clickRow(event));
    document.addEventListener("keydown", (event) => this.#press(event));
    this.#listenToSystem();
  }

  adoptPlaylist(): void {
    this.#rows = [...document.querySelectorAll<HTMLElement>("#tracks .track")];
    this.#bar.hidden = this.#rows.length === 0 && this.#currentId === null;
    document.body.classList.toggle("has-player", !this.#bar.hidden);
    this.#show();
  }

  pause(): void {
    this.#audio.pause();
  }

  leaveNever(): void {
    const row = this.#rows[this.#index];
    if (row && isNever(row) && !this.#audio.paused) this.#step(1);
  }

  #report(hasEnded: boolean): void {
    if (this.#currentId === null || (this.#audio.ended && !hasEnded)) return;
    const { currentTime: playedS, duration } = this.#audio;
    const durationS = Number.isFinite(duration) ? duration : 0;
    reportPlay({ trackId: this.#currentId, playlistId: this.#playlistId, playedS, durationS, hasEnded });
  }

  #part<T extends HTMLElement = HTMLElement>(name: string): T {
    return getElement<T>(`#player [data-player="${name}"]`);
  }

  get #index(): number {
    return this.#rows.findIndex((row) => row.dataset["trackId"] === this.#currentId);
  }

  #toggle(): void {
    if (this.#currentId === null) return this.#step(1);
    if (this.#audio.paused) void this.#audio.play().catch(() => undefined);
    else this.#audio.pause();
  }

  /** Go to the next or previous track that is still there. */
  #step(direction: 1 | -1): void {
    let index = this.#index;
    if (index === -1 && direction === -1) index = this.#rows.length;
    do index += direction;
    while (isPassedOver(this.#rows[index]));
    const row = this.#rows[index];
    const current = this.#rows[this.#index];
    if (row) this.#play(row);
    else if (current && isNever(current)) this.#audio.pause();
    else if (this.#rows.length && this.#rows.every((each) => each.classList.contains("is-gone"))) {
      this.#say("None of these tracks can be played any more.");
    }
  }

  /** Like every player: back to the start first, to the track before when at the start. */
  #back(): void {
    if (this.#audio.currentTime > 3) this.#audio.currentTime = 0;
    else this.#step(-1);
  }

  #play(row: HTMLElement): void {
    const { trackId, src, title, artist } = row.dataset;
    this.#report(false);
    this.#currentId = trackId!;
    this.#playlistId = row.closest<HTMLElement>("#tracks")?.dataset["playlistId"];
    this.#audio.src = src!;
    this.#part("title").textContent = title!;
    this.#part("artist").textContent = artist!;
    this.#say("");
    // A refused play() comes with an error event, or with a pause that the button shows.
    void this.#audio.play().catch(() => undefined);
    if ("mediaSession" in navigator) {
      navigator.mediaSession.metadata = new MediaMetadata({ title: title!, artist: artist!, album: "EmotiTune" });
    }
    this.#show();
  }

  #skipGone(): void {
    if (!this.#audio.getAttribute("src")) return;
    const row = this.#rows[this.#index];
    const title = this.#part("title").textContent;
    if (row) {
      row.classList.add("is-gone");
      getElement<HTMLElement>(".track-gone", row).hidden = false;
    }
    this.#step(1);
    if (this.#rows.some((each) => !each.classList.contains("is-gone"))) {
      this.#say(`“${title}” could not be played, so it is skipped.`);
    }
  }

  #clickRow(event: Event): void {
    const row = (event.target as Element).closest<HTMLElement>("#tracks .track-button")?.closest<HTMLElement>(".track");
    if (!row) return;
    if (row.dataset["trackId"] === this.#currentId && !row.classList.contains("is-gone")) this.#toggle();
    else this.#play(row);
  }

  #press(event: KeyboardEvent): void {
    const target = event.target as Element;
    const inTracks = target.closest("#tracks") !== null;
    if (!(inTracks || target.closest("#player")) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.#actOn(event.key, target, inTracks)) event.preventDefault();
  }

  #actOn(key: string, target: Element, inTracks: boolean): boolean {
    // A focused button answers the space bar by itself.
    if (key === " " && !target.closest("button")) this.#toggle();
    else if (key === "n") this.#step(1);
    else if (key === "p") this.#back();
    else if (key === "ArrowRight") this.#seekBy(SEEK_STEP_S);
    else if (key === "ArrowLeft") this.#seekBy(-SEEK_STEP_S);
    else if (key === "ArrowDown" && inTracks) this.#focusRow(target, 1);
    else if (key === "ArrowUp" && inTracks) this.#focusRow(target, -1);
    else return false;
    return true;
  }

  #seekBy(seconds: number): void {
    if (this.#currentId === null) return;
    const end = Number.isFinite(this.#audio.duration) ? this.#audio.duration : Infinity;
    this.#audio.currentTime = Math.min(end, Math.max(0, this.#audio.currentTime + seconds));
  }

  #focusRow(target: Element, direction: 1 | -1): void {
    const row = target.closest<HTMLElement>(".track");
    const neighbor = this.#rows[this.#rows.indexOf(row!) + direction];
    neighbor?.querySelector<HTMLButtonElement>(".track-button")?.focus();
  }

  #show(): void {
    const isPlaying = !this.#audio.paused;
    const current = this.#rows[this.#index];
    const durationS = Number.isFinite(this.#audio.duration)
      ? this.#audio.duration
      : Number(current?.dataset["durationS"] ?? 0);
    const positionS = this.#audio.currentTime;
    this.#bar.classList.toggle("is-playing", isPlaying);
    this.#part("toggle").setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    this.#seek.max = String(durationS);
    this.#seek.value = String(positionS);
    this.#seek.style.setProperty("--played", `${durationS ? (100 * positionS) / durationS : 0}%`);
    this.#seek.setAttribute("aria-valuetext", `${formatTime(positionS)} of ${formatTime(durationS)}`);
    this.#part("position").textContent = formatTime(positionS);
    this.#part("duration").textContent = formatTime(durationS);
    for (const row of this.#rows) this.#mark(row, row === current, isPlaying);
  }

  #mark(row: HTMLElement, isCurrent: boolean, isPlaying: boolean): void {
    row.classList.toggle("is-current", isCurrent);
    row.classList.toggle("is-playing", isCurrent && isPlaying);
    const button = getElement(".track-button", row);
    if (isCurrent) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }

  #say(text: string): void {
    this.#note.textContent = text;
  }

  /** Answer the keys of headphones, keyboards and lock screens. */
  #listenToSystem(): void {
    if (!("mediaSession" in navigator)) return;
    const session = navigator.mediaSession;
    session.setActionHandler("play", () => this.#toggle());
    session.setActionHandler("pause", () => this.#toggle());
    session.setActionHandler("nexttrack", () => this.#step(1));
    session.setActionHandler("previoustrack", () => this.#back());
    session.setActionHandler("seekto", ({ seekTime }) => {
      if (seekTime !== undefined) this.#audio.currentTime = seekTime;
    });
  }
}

function isPassedOver(row: HTMLElement | undefined): boolean {
  return row !== undefined && (row.classList.contains("is-gone") || isNever(row));
}
