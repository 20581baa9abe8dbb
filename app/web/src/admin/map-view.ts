/** Which part of the plane is seen: from places to pixels and back, and how it is zoomed and moved. */

import type { Place } from "./point-cloud";

const MARGIN = 1.12;
const MAX_ZOOM = 60;

export class MapView {
  width = 1;
  height = 1;
  private zoom = 1;
  private valence = 0;
  private arousal = 0;

  /** Pixels for one unit of valence or arousal. */
  get scale(): number {
    return (this.zoom * Math.min(this.width, this.height)) / (2 * MARGIN);
  }

  get low(): Place {
    return this.toPlace(0, this.height);
  }

  get high(): Place {
    return this.toPlace(this.width, 0);
  }

  toX(valence: number): number {
    return this.width / 2 + (valence - this.valence) * this.scale;
  }

  toY(arousal: number): number {
    return this.height / 2 - (arousal - this.arousal) * this.scale;
  }

  toPlace(x: number, y: number): Place {
    return [this.valence + (x - this.width / 2) / this.scale, this.arousal - (y - this.height / 2) / this.scale];
  }

  resize(width: number, height: number): void {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
  }

  showAll(): void {
    [this.zoom, this.valence, this.arousal] = [1, 0, 0];
  }

  moveBy(dx: number, dy: number): void {
    this.valence = clamp(this.valence - dx / this.scale, 1);
    this.arousal = clamp(this.arousal + dy / this.scale, 1);
  }

  /** Zoom so that what lies under a pixel stays there. */
  zoomAt(x: number, y: number, factor: number): void {
    const [valence, arousal] = this.toPlace(x, y);
    this.zoom = Math.max(1, Math.min(MAX_ZOOM, this.zoom * factor));
    if (this.zoom === 1) return this.showAll();
    this.valence = clamp(valence - (x - this.width / 2) / this.scale, 1);
    this.arousal = clamp(arousal + (y - this.height / 2) / this.scale, 1);
  }

  /** Move just so far that a place is well inside. */
  reveal([valence, arousal]: Place): void {
    const edge = 40;
    const [x, y] = [this.toX(valence), this.toY(arousal)];
    const dx = x < edge ? edge - x : x > this.width - edge ? this.width - edge - x : 0;
    const dy = y < edge ? edge - y : y > this.height - edge ? this.height - edge - y : 0;
    if (dx || dy) this.moveBy(dx, dy);
  }
}

export function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}
