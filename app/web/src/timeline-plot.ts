/** Draws how the mix of moods moved while someone spoke; the table beside it says the same in figures. */

import uPlot from "uplot";
import { formatTime, getColor } from "./dom";

interface Plot {
  seconds: number[];
  shares: Record<string, number[]>;
  words: Record<string, string>;
}

const HEIGHT_PX = 148;
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
      padding: [6, 8, 0, 8],
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

/** Add up the shares from the bottom to the top. */
function stack(shares: Record<string, number[]>): number[][] {
  const sums: number[][] = [];
  for (const label of ORDER) {
    const below = sums.at(-1);
    sums.push(shares[label]!.map((share, i) => share + (below?.[i] ?? 0)));
  }
  return sums;
}
