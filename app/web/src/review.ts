/** Listen back to a recording or a chosen file before it is sent. */

import { formatTime, getElement } from "./dom";
import { drawWaveform, resamplePeaks } from "./meter";

const SLOTS = 64;

export class Review {
  #audio = getElement<HTMLAudioElement>("#review-audio");
  #toggle = getElement<HTMLButtonElement>("#review-toggle");
  #seek = getElement<HTMLInputElement>("#review-seek");
  #clock = getElement<HTMLElement>("#review-clock");
  #canvas = getElement<HTMLCanvasElement>("#review-waveform");
  #bars: number[] = [];
  #durationS = 0;

  constructor() {
    this.#toggle.addEventListener("click", () => void (this.#audio.paused ? this.#audio.play() : this.#audio.pause()));
    this.#seek.addEventListener("input", () => {
      this.#audio.currentTime = Number(this.#seek.value);
      this.#draw();
    });
    for (const event of ["play", "pause", "timeupdate", "ended", "loadedmetadata"] as const) {
      this.#audio.addEventListener(event, () => this.#draw());
    }
    new ResizeObserver(() => this.#draw()).observe(this.#canvas);
  }

  /** Make a file ready to listen to.
   *
   * @param durationS its length where the recorder counted it; recorded files do not carry their own.
   * @param peaks its waveform where the recorder saw it.
   */
  load(file: File, durationS: number, peaks: readonly number[]): void {
    this.clear();
    this.#audio.src = URL.createObjectURL(file);
    this.#durationS = durationS;
    this.#bars = peaks.length ? resamplePeaks(peaks, SLOTS) : new Array<number>(SLOTS).fill(0.02);
    this.#draw();
  }

  clear(): void {
    this.#audio.pause();
    if (this.#audio.src) URL.revokeObjectURL(this.#audio.src);
    this.#audio.removeAttribute("src");
    this.#durationS = 0;
  }

  pause(): void {
    this.#audio.pause();
  }

  #draw(): void {
    const isPlaying = !this.#audio.paused && !this.#audio.ended;
    const known = this.#durationS || (Number.isFinite(this.#audio.duration) ? this.#audio.duration : 0);
    const position = this.#audio.ended ? 0 : this.#audio.currentTime;
    this.#toggle.setAttribute("aria-label", isPlaying ? "Pause" : "Listen back");
    this.#toggle.classList.toggle("is-playing", isPlaying);
    this.#seek.max = String(known || 1);
    this.#seek.value = String(position);
    this.#seek.setAttribute("aria-valuetext", `${formatTime(position)} of ${formatTime(known)}`);
    this.#clock.textContent = formatTime(isPlaying || position ? position : known);
    drawWaveform(this.#canvas, this.#bars, known ? position / known : 0, SLOTS);
  }
}
