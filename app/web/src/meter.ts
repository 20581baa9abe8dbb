/** The level of the microphone, as a picture and as words. */

import { getColor, prefersReducedMotion } from "./dom";

const SILENT_BELOW_DB = -55;
const QUIET_BELOW_DB = -38;
const LOUD_ABOVE_DB = -4;
// Words change at most this often: a flickering text helps nobody.
const WORDS_EVERY_MS = 700;
const PEAKS_PER_S = 12;

export class LevelMeter {
  /** Loudest sample of each slice of the recording, within [0, 1]; the waveform for listening back. */
  readonly peaks: number[] = [];
  #context: AudioContext;
  #analyser: AnalyserNode;
  #samples: Float32Array<ArrayBuffer>;
  #frame = 0;
  #wordsAt = 0;
  #loudest = 0;
  #startedAt = performance.now();

  constructor(
    stream: MediaStream,
    private readonly ring: HTMLElement,
    private readonly words: HTMLElement,
    private readonly canvas: HTMLCanvasElement,
  ) {
    this.#context = new AudioContext();
    // Not awaited: some browsers keep the promise pending, and the recording must not wait for a picture.
    void this.#context.resume();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 2048;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#context.createMediaStreamSource(stream).connect(this.#analyser);
    this.#tick();
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    void this.#context.close();
    this.ring.style.setProperty("--level", "0");
  }

  #tick = (): void => {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const peak = this.#samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    this.#keepPeak(peak);
    const level = Math.min(1, Math.max(0, (toDecibels(peak) - SILENT_BELOW_DB) / -SILENT_BELOW_DB));
    if (!prefersReducedMotion()) this.ring.style.setProperty("--level", level.toFixed(3));
    this.#say(peak);
    this.#frame = requestAnimationFrame(this.#tick);
  };

  #keepPeak(peak: number): void {
    const slice = Math.floor(((performance.now() - this.#startedAt) / 1000) * PEAKS_PER_S);
    while (this.peaks.length <= slice) this.peaks.push(peak);
    this.peaks[slice] = Math.max(this.peaks[slice] ?? 0, peak);
    drawWaveform(this.canvas, this.peaks.slice(-64), 1, 64);
  }

  #say(peak: number): void {
    this.#loudest = Math.max(this.#loudest, peak);
    const now = performance.now();
    if (now - this.#wordsAt < WORDS_EVERY_MS) return;
    const text = describeLevel(toDecibels(this.#loudest));
    if (this.words.textContent !== text) this.words.textContent = text;
    this.#wordsAt = now;
    this.#loudest = 0;
  }
}

export function describeLevel(decibels: number): string {
  if (decibels < SILENT_BELOW_DB) return "no sound";
  if (decibels < QUIET_BELOW_DB) return "quiet, come closer";
  return decibels > LOUD_ABOVE_DB ? "too loud, move away a little" : "good";
}

/** Draw peaks as rounded bars.
 *
 * @param played share of the bars in the strong color, within [0, 1].
 * @param slots how many bars fit the width; a shorter waveform is drawn from the middle outwards.
 */
export function drawWaveform(canvas: HTMLCanvasElement, peaks: readonly number[], played: number, slots: number): void {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (width === 0) return;
  if (canvas.width !== Math.round(width * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  if (!context) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const step = width / slots;
  const offset = (width - peaks.length * step) / 2;
  const colors = [getColor("--accent"), getColor("--line-strong")];
  peaks.forEach((peak, i) => {
    const barHeight = Math.max(3, Math.sqrt(Math.min(1, peak)) * height);
    context.fillStyle = (i + 0.5) / peaks.length <= played ? colors[0]! : colors[1]!;
    context.beginPath();
    context.roundRect(offset + i * step + step * 0.2, (height - barHeight) / 2, step * 0.6, barHeight, step * 0.3);
    context.fill();
  });
}

/** Merge peaks into fewer bars, each as high as the highest it stands for. */
export function resamplePeaks(peaks: readonly number[], slots: number): number[] {
  return Array.from({ length: slots }, (_, i) => {
    const from = Math.floor((i * peaks.length) / slots);
    const to = Math.max(from + 1, Math.floor(((i + 1) * peaks.length) / slots));
    return Math.max(0, ...peaks.slice(from, to));
  });
}

function toDecibels(amplitude: number): number {
  return 20 * Math.log10(Math.max(amplitude, 1e-6));
}
