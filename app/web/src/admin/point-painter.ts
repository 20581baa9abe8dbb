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
  [60_000, 1.7, 0.65],
  [Infinity, 1.3, 0.55],
];
/** More lines than these would hide what they join. */
const MAX_LINES = 2_000;

export class PointPainter {
  private readonly context: CanvasRenderingContext2D;
  private image: ImageData | null = null;
  private pixels = new Uint32Array(0);

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext("2d", { alpha: false })!;
  }

  paint(cloud: PointCloud, view: MapView, density: number): void {
    const { width, height } = this.canvas;
    if (!this.image || this.image.width !== width || this.image.height !== height) {
      this.image = this.context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.pixels.fill(toPixel(getColor("--surface-sunk")));
    this.paintPoints(cloud, view, density);
    this.context.putImageData(this.image, 0, 0);
    this.context.setTransform(density, 0, 0, density, 0, 0);
    this.paintAxes(view);
    this.paintCorrections(cloud, view);
    this.context.setTransform(1, 0, 0, 1, 0, 0);
  }

  private paintPoints(cloud: PointCloud, view: MapView, density: number): void {
    const n = cloud.countNear(view.low, view.high);
    const [, radius, opacity] = SIZES.find(([nPoints]) => n <= nPoints)!;
    const stamp = makeStamp(radius * density, opacity);
    const colors = MOODS.map((mood) => toPixel(getColor(`--fill-${mood}`)));
    const { width, height } = this.canvas;
    const { pixels } = this;
    const { valence, arousal, mood, isCorrected } = cloud;
    const scale = view.scale * density;
    const [left, top] = [view.toX(0) * density, view.toY(0) * density];
    const reach = (stamp.size - 1) / 2;
    cloud.forEachNear(view.low, view.high, (row) => {
      if (isCorrected[row]) return;
      const x = Math.round(left + valence[row]! * scale) - reach;
      const y = Math.round(top - arousal[row]! * scale) - reach;
      if (x < 0 || y < 0 || x + stamp.size > width || y + stamp.size > height) return;
      const color = colors[mood[row]!]!;
      for (let i = 0; i < stamp.offsets.length; i += 3) {
        const at = (y + stamp.offsets[i + 1]!) * width + x + stamp.offsets[i]!;
        pixels[at] = blend(pixels[at]!, color, stamp.offsets[i + 2]!);
      }
    });
  }

  private paintAxes(view: MapView): void {
    const { context } = this;
    const [x, y] = [view.toX(0), view.toY(0)];
    context.strokeStyle = getColor("--line-strong");
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
    context.font = `600 13px ${getColor("--font-text")}`;
    context.lineWidth = 4;
    context.lineJoin = "round";
    context.strokeStyle = getColor("--surface-sunk");
    context.fillStyle = getColor("--ink-soft");
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

  /** What curators placed: a disc with a ring, and a line to where the model guessed it. */
  private paintCorrections(cloud: PointCloud, view: MapView): void {
    const { context } = this;
    const rows: number[] = [];
    for (const row of cloud.predictedByRow.keys()) rows.push(row);
    context.strokeStyle = getColor("--ink-soft");
    context.lineWidth = 1;
    context.globalAlpha = 0.5;
    context.beginPath();
    for (const row of rows.slice(0, MAX_LINES)) {
      const [valence, arousal] = cloud.predictedByRow.get(row)!;
      context.moveTo(view.toX(cloud.valence[row]!), view.toY(cloud.arousal[row]!));
      context.lineTo(view.toX(valence), view.toY(arousal));
    }
    context.stroke();
    context.globalAlpha = 1;
    const radius = rows.length > MAX_LINES ? 2.5 : 4;
    context.strokeStyle = getColor("--ink");
    context.lineWidth = radius > 3 ? 1.75 : 1;
    for (const [place, mood] of MOODS.entries()) {
      context.fillStyle = getColor(`--fill-${mood}`);
      context.beginPath();
      cloud.forEachNear(view.low, view.high, (row) => {
        if (!cloud.isCorrected[row] || cloud.mood[row] !== place) return;
        const [x, y] = [view.toX(cloud.valence[row]!), view.toY(cloud.arousal[row]!)];
        context.moveTo(x + radius, y);
        context.arc(x, y, radius, 0, 2 * Math.PI);
      });
      context.fill();
      context.stroke();
    }
  }
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
