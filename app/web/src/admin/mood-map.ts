/** The mood map: points drawn, pointed at, chosen, corrected and selected. */

import { announce, getElement } from "../dom";
import { listen, type Gestures } from "./map-gestures";
import { paintMarks, type Marks } from "./map-marks";
import { MapPanel } from "./map-panel";
import { MapView, clamp } from "./map-view";
import { PointCloud, type Place, type ToldPlace } from "./point-cloud";
import { PointPainter } from "./point-painter";

const REACH_PX = 12;
const TITLE_PAUSE_MS = 120;
const STEP = 0.02;
const MAX_CORNERS = 60;
/** With more points than these in sight, a map on the move is drawn coarser on fine screens, and finely again at rest. */
const MANY = 10_000;
const REST_MS = 150;
const ARROWS: Record<string, Place> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export async function startMoodMap(): Promise<void> {
  const stage = document.querySelector<HTMLElement>("#mood-map");
  if (!stage) return;
  const state = getElement<HTMLElement>("#map-state");
  const response = await fetch(stage.dataset["points"] ?? "").catch(() => null);
  if (!response?.ok || response.redirected) {
    state.textContent = "The points could not be loaded. Reload the page.";
    return;
  }
  const cloud = PointCloud.read(await response.arrayBuffer());
  state.hidden = true;
  new MoodMap(stage, cloud);
  stage.dataset["ready"] = "true";
}

class MoodMap implements Gestures {
  private readonly view = new MapView();
  private readonly points = getElement<HTMLCanvasElement>(".map-points");
  private readonly surface = getElement<HTMLCanvasElement>(".map-marks");
  private readonly tip = getElement<HTMLElement>("#map-tip");
  private readonly painter = new PointPainter(this.points);
  private readonly panel: MapPanel;
  private readonly marks: Marks = { hovered: -1, chosen: -1, goal: null, lasso: [], isLassoOpen: false };
  private readonly titles = new Map<number, string>();
  private tool: "move" | "select" = "move";
  private isMoving = false;
  private isDirty = true;
  private frame = 0;
  private titleTimer = 0;
  private restTimer = 0;
  private isTravelling = false;

  constructor(
    private readonly stage: HTMLElement,
    private readonly cloud: PointCloud,
  ) {
    this.panel = new MapPanel(stage.dataset["track"] ?? "", {
      aim: (place) => this.aim(place, { isWritten: true }),
      settle: (told) => this.settle(told),
    });
    listen(this.surface, this);
    this.surface.addEventListener("keydown", (event) => this.answerKey(event));
    for (const button of document.querySelectorAll<HTMLButtonElement>(".map-tool")) {
      button.addEventListener("click", () => this.use(button));
    }
    getElement("#map-clear").addEventListener("click", () => this.clearLasso());
    new ResizeObserver(() => this.resize()).observe(stage);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.painter.renewColors();
      this.repaint();
    });
    this.resize();
  }

  hover(x: number, y: number): void {
    const row = this.findRow(x, y);
    if (row === this.marks.hovered) return;
    this.marks.hovered = row;
    this.repaintMarks();
    window.clearTimeout(this.titleTimer);
    this.tip.hidden = true;
    if (row >= 0) this.titleTimer = window.setTimeout(() => void this.showTip(row), TITLE_PAUSE_MS);
  }

  leave(): void {
    this.hover(-1000, -1000);
  }

  click(x: number, y: number): void {
    const row = this.findRow(x, y);
    if (row >= 0) this.choose(row);
    else this.unchoose();
  }

  takesPoint(x: number, y: number): boolean {
    if (this.marks.chosen < 0) return false;
    const [valence, arousal] = this.marks.goal ?? this.cloud.placeOf(this.marks.chosen);
    return Math.hypot(this.view.toX(valence) - x, this.view.toY(arousal) - y) <= REACH_PX + 4;
  }

  draws(event: PointerEvent): boolean {
    const isDrawn = this.tool === "select" || event.shiftKey;
    if (isDrawn) this.clearLasso();
    return isDrawn;
  }

  dragPoint(x: number, y: number, isEnd: boolean): void {
    const [valence, arousal] = this.view.toPlace(x, y);
    this.aim([clamp(valence, 1), clamp(arousal, 1)], { isWritten: false });
    if (isEnd && this.marks.goal) this.panel.write(this.marks.goal);
  }

  draw(x: number, y: number, isEnd: boolean): void {
    const [valence, arousal] = this.view.toPlace(x, y);
    const corner: Place = [clamp(valence, 1), clamp(arousal, 1)];
    this.marks.lasso = isEnd ? thin([...this.marks.lasso, corner]) : [...this.marks.lasso, corner];
    this.marks.isLassoOpen = !isEnd;
    if (isEnd) this.showSelected();
    this.repaintMarks();
  }

  moveMap(dx: number, dy: number): void {
    this.view.moveBy(dx, dy);
    this.travel();
  }

  zoom(x: number, y: number, factor: number): void {
    this.view.zoomAt(x, y, factor);
    this.travel();
  }

  private use(button: HTMLButtonElement): void {
    const { tool, act } = button.dataset;
    if (tool === "move" || tool === "select") {
      this.tool = tool;
      for (const each of document.querySelectorAll("[data-tool]")) each.setAttribute("aria-pressed", String(each === button));
      this.surface.classList.toggle("is-selecting", tool === "select");
    } else this.zoomBy(act ?? "");
  }

  private zoomBy(act: string): void {
    if (act === "all") {
      this.view.showAll();
      this.repaint();
    } else this.zoom(this.view.width / 2, this.view.height / 2, act === "in" ? 1.5 : 1 / 1.5);
  }

  private answerKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts: Record<string, string> = { "+": "in", "=": "in", "-": "out", "0": "all" };
    const arrow = ARROWS[event.key];
    if (arrow) this.answerArrow(arrow, event.shiftKey);
    else if (acts[event.key]) this.zoomBy(acts[event.key]!);
    else if (event.key === "Escape") this.stepBack();
    else if (event.key === "Enter" || event.key === " ") this.answerEnter();
    else if (event.key.toLowerCase() === "m" && this.marks.chosen >= 0) this.startMoving();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private answerArrow([dv, da]: Place, isLarge: boolean): void {
    const { chosen, goal } = this.marks;
    if (chosen < 0) return this.moveMap(-60 * dv, 60 * da);
    if (this.isMoving) {
      const [valence, arousal] = goal ?? this.cloud.placeOf(chosen);
      const step = STEP * (isLarge ? 5 : 1);
      const place: Place = [clamp(valence + dv * step, 1), clamp(arousal + da * step, 1)];
      this.aim(place, { isWritten: false });
      this.panel.write(place);
      return announce(`valence ${place[0].toFixed(2)}, arousal ${place[1].toFixed(2)}`);
    }
    const next = this.cloud.findNext(chosen, [dv, da]);
    if (next >= 0) this.choose(next, { plays: false });
  }

  private answerEnter(): void {
    const { chosen, goal } = this.marks;
    if (chosen >= 0 && goal) return this.panel.submit();
    const middle = this.view.toPlace(this.view.width / 2, this.view.height / 2);
    const row = chosen >= 0 ? chosen : this.cloud.findNearest(middle, 3);
    if (row >= 0) this.choose(row);
  }

  private startMoving(): void {
    this.isMoving = true;
    announce("Move it with the arrow keys. Enter saves, Escape leaves it where it was.");
  }

  private stepBack(): void {
    if (this.marks.goal || this.isMoving) {
      this.endMoving();
      if (this.marks.chosen >= 0) void this.panel.show(this.trackId(this.marks.chosen), { plays: false });
    } else if (this.marks.lasso.length) this.clearLasso();
    else this.unchoose();
    this.repaintMarks();
  }

  private endMoving(): void {
    this.isMoving = false;
    this.marks.goal = null;
  }

  private choose(row: number, { plays = true } = {}): void {
    this.endMoving();
    this.marks.chosen = row;
    this.view.reveal(this.cloud.placeOf(row));
    this.repaint();
    void this.panel.show(this.trackId(row), { plays });
  }

  private unchoose(): void {
    this.endMoving();
    this.marks.chosen = -1;
    this.panel.clear();
    this.repaintMarks();
  }

  private aim(place: Place, { isWritten }: { isWritten: boolean }): void {
    if (this.marks.chosen < 0) return;
    const [valence, arousal] = this.cloud.placeOf(this.marks.chosen);
    const isThere = Math.abs(place[0] - valence) < 0.006 && Math.abs(place[1] - arousal) < 0.006;
    this.marks.goal = isWritten && isThere ? null : place;
    this.repaintMarks();
  }

  private settle(told: ToldPlace): void {
    const row = this.cloud.findRow(told.track_id);
    if (row < 0) return;
    this.cloud.move(row, told);
    this.endMoving();
    this.repaint();
  }

  private showSelected(): void {
    const rows = this.marks.lasso.length > 2 ? this.cloud.findInside(this.marks.lasso) : [];
    const line = getElement<HTMLElement>("#map-selected");
    line.hidden = this.marks.lasso.length < 3;
    const text = rows.length === 1 ? "1 track selected." : `${rows.length.toLocaleString("en")} tracks selected.`;
    getElement("#map-n-selected").textContent = text;
    const link = getElement<HTMLAnchorElement>("#map-open-list");
    const address = new URL(this.stage.dataset["list"] ?? "", location.href);
    address.searchParams.set("region", this.marks.lasso.map(([v, a]) => `${v.toFixed(3)},${a.toFixed(3)}`).join(";"));
    link.href = address.href;
    link.hidden = rows.length === 0;
    announce(text);
  }

  private clearLasso(): void {
    this.marks.lasso = [];
    getElement<HTMLElement>("#map-selected").hidden = true;
    this.repaintMarks();
  }

  private async showTip(row: number): Promise<void> {
    const id = this.trackId(row);
    if (!this.titles.has(id)) {
      const response = await fetch(`${this.stage.dataset["titles"]}?track_id=${id}`).catch(() => null);
      if (!response?.ok || response.redirected) return;
      for (const track of (await response.json()) as { track_id: number; title: string; artist: string }[]) {
        this.titles.set(track.track_id, track.artist ? `${track.title} · ${track.artist}` : track.title);
      }
    }
    if (this.marks.hovered !== row) return;
    const doubt = this.cloud.uncertainty[row]!;
    const note = this.cloud.isCorrected[row] ? "placed by ear" : doubt > 0 ? `guess, ± ${doubt.toFixed(2)}` : "guess";
    this.tip.textContent = `${this.titles.get(id) ?? "Deleted"} (${note})`;
    this.tip.hidden = false;
    const [valence, arousal] = this.cloud.placeOf(row);
    const x = Math.max(4, Math.min(this.view.width - this.tip.offsetWidth - 4, this.view.toX(valence) + 12));
    const above = this.view.toY(arousal) - this.tip.offsetHeight - 10;
    this.tip.style.transform = `translate(${x}px, ${above < 4 ? this.view.toY(arousal) + 14 : above}px)`;
  }

  private trackId(row: number): number {
    return this.cloud.ids[row]!;
  }

  private findRow(x: number, y: number): number {
    return this.cloud.findNearest(this.view.toPlace(x, y), REACH_PX / this.view.scale);
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.stage;
    this.view.resize(clientWidth, clientHeight);
    this.fit(this.surface, devicePixelRatio);
    this.repaint();
  }

  private fit(canvas: HTMLCanvasElement, density: number): void {
    // Before the style sheet has come there is no room at all: the view is never empty.
    const [width, height] = [Math.round(this.view.width * density), Math.round(this.view.height * density)];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
  }

  private travel(): void {
    this.isTravelling = true;
    window.clearTimeout(this.restTimer);
    this.restTimer = window.setTimeout(() => {
      this.isTravelling = false;
      if (devicePixelRatio > 1) this.repaint();
    }, REST_MS);
    this.repaint();
  }

  private paintPoints(): void {
    const isCoarse = this.isTravelling && this.cloud.countNear(this.view.low, this.view.high) > MANY;
    const density = isCoarse ? Math.min(1, devicePixelRatio) : devicePixelRatio;
    this.fit(this.points, density);
    this.painter.paint(this.cloud, this.view, density);
  }

  private repaint(): void {
    this.isDirty = true;
    this.repaintMarks();
  }

  /** Draw once a frame, however much happens in it; the points only where they moved. */
  private repaintMarks(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (this.isDirty) this.paintPoints();
      this.isDirty = false;
      paintMarks(this.surface, this.view, devicePixelRatio, this.cloud, this.marks);
    });
  }
}

/** Leave out corners until an address can hold them. */
function thin(corners: readonly Place[]): Place[] {
  const every = Math.ceil(corners.length / MAX_CORNERS);
  return corners.filter((_, i) => i % every === 0);
}
