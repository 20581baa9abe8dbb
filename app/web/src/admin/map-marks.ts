/** What is drawn above the points: what is pointed at, what is chosen, where it would go, and the lasso. */

import { getColor } from "../dom";
import type { MapView } from "./map-view";
import type { Place, PointCloud } from "./point-cloud";

export interface Marks {
  hovered: number;
  chosen: number;
  /** Where the chosen point would go; null while it stays. */
  goal: Place | null;
  lasso: readonly Place[];
  isLassoOpen: boolean;
}

export function paintMarks(canvas: HTMLCanvasElement, view: MapView, density: number, cloud: PointCloud, marks: Marks): void {
  const context = canvas.getContext("2d")!;
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  paintLasso(context, view, marks);
  if (marks.hovered >= 0 && marks.hovered !== marks.chosen) paintPoint(context, view, cloud, marks.hovered, 7);
  if (marks.chosen >= 0) paintChosen(context, view, cloud, marks);
}

function paintLasso(context: CanvasRenderingContext2D, view: MapView, { lasso, isLassoOpen }: Marks): void {
  if (lasso.length < 2) return;
  context.beginPath();
  for (const [valence, arousal] of lasso) context.lineTo(view.toX(valence), view.toY(arousal));
  if (!isLassoOpen) context.closePath();
  context.fillStyle = getColor("--accent");
  context.globalAlpha = 0.12;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = getColor("--accent");
  context.lineWidth = 2;
  context.stroke();
}

function paintPoint(context: CanvasRenderingContext2D, view: MapView, cloud: PointCloud, row: number, radius: number): void {
  const [valence, arousal] = cloud.placeOf(row);
  const doubt = cloud.uncertainty[row]!;
  const [x, y] = [view.toX(valence), view.toY(arousal)];
  if (doubt > 0) {
    circle(context, x, y, doubt * view.scale);
    context.setLineDash([4, 4]);
    context.strokeStyle = getColor("--ink-soft");
    context.lineWidth = 1.5;
    context.stroke();
    context.setLineDash([]);
  }
  const guess = cloud.predictedByRow.get(row);
  if (guess) {
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(view.toX(guess[0]), view.toY(guess[1]));
    context.strokeStyle = getColor("--ink");
    context.lineWidth = 1.5;
    context.stroke();
  }
  circle(context, x, y, radius);
  context.strokeStyle = getColor("--ink");
  context.lineWidth = 2;
  context.stroke();
}

function paintChosen(context: CanvasRenderingContext2D, view: MapView, cloud: PointCloud, { chosen, goal }: Marks): void {
  paintPoint(context, view, cloud, chosen, 6);
  const from = cloud.placeOf(chosen);
  const at = goal ?? from;
  const [x, y] = [view.toX(at[0]), view.toY(at[1])];
  if (goal) {
    context.beginPath();
    context.moveTo(view.toX(from[0]), view.toY(from[1]));
    context.lineTo(x, y);
    context.strokeStyle = getColor("--accent");
    context.lineWidth = 2;
    context.stroke();
  }
  circle(context, x, y, 10);
  context.fillStyle = getColor("--accent");
  context.globalAlpha = goal ? 0.9 : 0.25;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = getColor("--accent");
  context.lineWidth = 3;
  context.stroke();
}

function circle(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}
