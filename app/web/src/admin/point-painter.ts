/** Paint points by writing pixels: a hundred thousand cost some milliseconds, on any machine and without its graphics card. */

import { getColor } from "../dom";
import type { MapView } from "./map-view";
import type { PointCloud } from "./point-cloud";

export const MOODS = ["happy", "sad", "angry", "neutral"] as const;

/** Radius in CSS pixels and opacity, by how many points are in sight. */
const SIZES: readonly (readonly [nPoints: number, radius: number, opacity: number])[] = [
  [300, 5.5, 0.9],
  [3_000, 4, 0.85],
  [20_000, 2.4, 0.75],
  [60_000, 1.5, 0.7],
  [Infinity, 0.9, 0.75],
];
/** More lines than these would hide what they join; then only the point under the pointer has its own. */
const MAX_LINES = 300;
const RING = 1.75;

export class PointPainter {
  private readonly context: CanvasRenderingContext2D;
  private image: ImageData | null = null;
  private pixels = new Uint32Array(0);
  private colors = readColors();

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext("2d", { alpha: false })!;
  }

  /** Read the colors again, after a change between light and dark. */
  renewColors(): void {
    this.colors = readColors();
  }

  paint(cloud: PointCloud, view: MapView, density: number): void {
    const { width, height } = this.canvas;
    if (!this.image || this.image.width !== width || this.image.height !== height) {
      this.image = this.context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.pixels.fill(this.colors.ground);
    this.paintPoints(cloud, view, density);
    this.paintCorrected(cloud, view, density);
    this.context.putImageData(this.image, 0, 0);
    this.context.setTransform(density, 0, 0, density, 0, 0);
    this.paintAxes(view);
    this.paintLines(cloud, view);
    this.context.setTransform(1, 0, 0, 1, 0, 0);
  }

  private paintPoints(cloud: PointCloud, view: MapView, density: number): void {
    const n = cloud.countNear(view.low, view.high);
    const [, radius, opacity] = SIZES.find(([nPoints]) => n <= nPoints)!;
    const stamp = makeStamp(radius * density, opacity);
    const { moods } = this.colors;
    const { valence, arousal, mood, isCorrected } = cloud;
    const scale = view.scale * density;
    const [left, top] = [view.toX(0) * density, view.toY(0) * density];
    cloud.forEachNear(view.low, view.high, (row) => {
      if (!isCorrected[row]) this.press(stamp, left + valence[row]! * scale, top - arousal[row]! * scale, moods[mood[row]!]!);
    });
  }

  /** What curators placed: a disc with a ring. */
  private paintCorrected(cloud: PointCloud, view: MapView, density: number): void {
    const radius = cloud.countNear(view.low, view.high) > 20_000 ? 2.6 : 4;
    const ring = makeStamp((radius + RING) * density, 1);
    const disc = makeStamp(radius * density, 1);
    for (const row of cloud.correctedRows) {
      const x = view.toX(cloud.valence[row]!) * density;
      const y = view.toY(cloud.arousal[row]!) * density;
      this.press(ring, x, y, this.colors.ink);
      this.press(disc, x, y, this.colors.moods[cloud.mood[row]!]!);
    }
  }

  private press({ size, offsets }: Stamp, x: number, y: number, color: number): void {
    const { width, height } = this.canvas;
    const left = Math.round(x) - ((size - 1) >> 1);
    const top = Math.round(y) - ((size - 1) >> 1);
    if (left < 0 || top < 0 || left + size > width || top + size > height) return;
    const { pixels } = this;
    const corner = top * width + left;
    for (let i = 0; i < offsets.length; i += 3) {
      const at = corner + offsets[i + 1]! * width + offsets[i]!;
      pixels[at] = blend(pixels[at]!, color, offsets[i + 2]!);
    }
  }

  private paintAxes(view: MapView): void {
    const { context } = this;
    const [x, y] = [view.toX(0), view.toY(0)];
    context.strokeStyle = this.colors.line;
    context.lineWidth = 1;
    context.globalAlpha = 0.6;
    context.beginPath();
    context.moveTo(x, view.toY(1));
    context.lineTo(x, view.toY(-1));
    context.moveTo(view.toX(-1), y);
    context.lineTo(view.toX(1), y);
    context.rect(view.toX(-1), view.toY(1), view.toX(1) - view.toX(-1), view.toY(-1) - view.toY(1));
    context.stroke();
    context.globalAlpha = 1;
    this.paintWords(view);
  }

  /** Words stay in sight at the edges, however far one looks in. */
  private paintWords(view: MapView): void {
    const { context } = this;
    const { width, height } = view;
    context.font = `600 13px ${this.colors.font}`;
    context.lineWidth = 4;
    context.lineJoin = "round";
    context.strokeStyle = this.colors.halo;
    context.fillStyle = this.colors.soft;
    const middle = Math.max(60, Math.min(width - 60, view.toX(0)));
    const level = Math.max(30, Math.min(height - 30, view.toY(0) - 12));
    const words = [
      ["lively ↑", middle, 16, "center"],
      ["calm ↓", middle, height - 9, "center"],
      ["← dark", 8, level, "left"],
      ["bright →", width - 8, level, "right"],
    ] as const;
    for (const [word, x, y, align] of words) {
      context.textAlign = align;
      context.strokeText(word, x, y);
      context.fillText(word, x, y);
    }
  }

  /** From what curators placed to where the model guessed it. */
  private paintLines(cloud: PointCloud, view: MapView): void {
    const [low, high] = [view.low, view.high];
    const rows = cloud.correctedRows.filter((row) => {
      const [valence, arousal] = cloud.placeOf(row);
      return valence >= low[0] && valence <= high[0] && arousal >= low[1] && arousal <= high[1];
    });
    if (rows.length > MAX_LINES) return;
    const { context } = this;
    context.strokeStyle = this.colors.soft;
    context.lineWidth = 1;
    context.globalAlpha = 0.5;
    context.beginPath();
    for (const row of rows) {
      const guess = cloud.predictedByRow.get(row);
      if (!guess) continue;
      context.moveTo(view.toX(cloud.valence[row]!), view.toY(cloud.arousal[row]!));
      context.lineTo(view.toX(guess[0]), view.toY(guess[1]));
    }
    context.stroke();
    context.globalAlpha = 1;
  }
}

/** Asking the style sheet in every frame would cost as much as a thousand points. */
function readColors() {
  return {
    ground: toPixel(getColor("--surface-sunk")),
    ink: toPixel(getColor("--ink")),
    moods: MOODS.map((mood) => toPixel(getColor(`--fill-${mood}`))),
    line: getColor("--line-strong"),
    soft: getColor("--ink-soft"),
    halo: getColor("--surface-sunk"),
    font: getColor("--font-text"),
  };
}

interface Stamp {
  size: number;
  /** x, y and coverage of 256, for each pixel of a disc. */
  offsets: Int32Array;
}

function makeStamp(radius: number, opacity: number): Stamp {
  const reach = Math.ceil(radius);
  const offsets: number[] = [];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const coverage = Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(x, y)));
      const alpha = Math.round(256 * opacity * coverage);
      if (alpha) offsets.push(x + reach, y + reach, alpha);
    }
  }
  return { size: 2 * reach + 1, offsets: Int32Array.from(offsets) };
}

/** Mix two opaque pixels; red and blue at once, then green. */
function blend(below: number, above: number, alpha: number): number {
  const redBlue = below & 0xff00ff;
  const green = below & 0x00ff00;
  const mixedRedBlue = (redBlue + ((((above & 0xff00ff) - redBlue) * alpha) >> 8)) & 0xff00ff;
  const mixedGreen = (green + ((((above & 0x00ff00) - green) * alpha) >> 8)) & 0x00ff00;
  return (0xff000000 | mixedRedBlue | mixedGreen) >>> 0;
}

/** Read `#rrggbb` as the pixel of a canvas. */
function toPixel(color: string): number {
  const value = Number.parseInt(color.slice(1), 16);
  return (0xff000000 | ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}
