/** Draws how the mix of moods moved while someone spoke; the table beside it says the same in figures. */

import uPlot from "uplot";
import { formatTime, getColor } from "./dom";

interface Plot {
  seconds: number[];
  shares: Record<string, number[]>;
  words: Record<string, string>;
}

const HEIGHT_PX = 168;
// An area thinner than this cannot hold its name.
const NAMED_FROM_PX = 22;
// From the bottom up: the restful moods below, the stirred ones above.
const ORDER = ["neutral", "sad", "happy", "angry"];

/** Draw the plot of a result, if it has one, and keep it fitting and in the right colors. */
export function drawTimeline(within: ParentNode): void {
  const place = within.querySelector<HTMLElement>("#timeline-plot");
  if (!place) return;
  const plot = JSON.parse(place.dataset["plot"]!) as Plot;
  let drawn = draw(place, plot);
  new ResizeObserver(() => drawn.setSize({ width: place.clientWidth, height: HEIGHT_PX })).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    drawn.destroy();
    drawn = draw(place, plot);
  });
}

function draw(place: HTMLElement, plot: Plot): uPlot {
  const ink = getColor("--ink-soft");
  const surface = getColor("--surface");
  const axisFont = `12px ${getColor("--font-text")}`;
  return new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT_PX,
      padding: [6, 14, 0, 14],
      hooks: { draw: [(drawn) => nameAreas(drawn, plot)] },
      cursor: { show: false },
      legend: { show: false },
      scales: { x: { time: false }, y: { range: [0, 1] } },
      axes: [
        {
          stroke: ink,
          font: axisFont,
          size: 28,
          grid: { show: false },
          ticks: { show: false },
          values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? formatTime(tick) : "")),
        },
        { show: false },
      ],
      // Highest first: each area is painted over the one that reaches above it.
      series: [
        {},
        ...[...ORDER].reverse().map((label) => ({
          label: plot.words[label] ?? label,
          fill: getColor(`--fill-${label}`),
          stroke: surface,
          width: 2,
          points: { show: false },
        })),
      ],
    },
    [plot.seconds, ...stack(plot.shares).reverse()],
    place,
  );
}

/** Write each mood's name into its area, where it is thickest: color alone would not do. */
function nameAreas(drawn: uPlot, plot: Plot): void {
  const { ctx, bbox } = drawn;
  const ratio = devicePixelRatio;
  const tops = stack(plot.shares);
  ctx.save();
  ctx.font = `600 ${13 * ratio}px ${getColor("--font-text")}`;
  ctx.fillStyle = getColor("--on-fill");
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ORDER.forEach((label, i) => {
    // The ends repeat their neighbors, and a name there would be cut off.
    const inner = plot.shares[label]!.slice(1, -1);
    const at = 1 + inner.indexOf(Math.max(...inner));
    const share = plot.shares[label]![at]!;
    if ((share * bbox.height) / ratio < NAMED_FROM_PX) return;
    const word = plot.words[label]!;
    const half = ctx.measureText(word).width / 2 + 6 * ratio;
    const x = drawn.valToPos(plot.seconds[at]!, "x", true);
    const y = drawn.valToPos(tops[i]![at]! - share / 2, "y", true);
    ctx.fillText(word, Math.min(bbox.left + bbox.width - half, Math.max(bbox.left + half, x)), y);
  });
  ctx.restore();
}

/** Add up the shares from the bottom to the top. */
function stack(shares: Record<string, number[]>): number[][] {
  const sums: number[][] = [];
  for (const label of ORDER) {
    const below = sums.at(-1);
    sums.push(shares[label]!.map((share, i) => share + (below?.[i] ?? 0)));
  }
  return sums;
}
