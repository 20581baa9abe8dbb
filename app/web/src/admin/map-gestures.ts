/** From pointers to what is meant: a click, a hover, a drag of the map or of a point, a pinch, a line drawn round points. */

export interface Gestures {
  hover(x: number, y: number): void;
  leave(): void;
  click(x: number, y: number): void;
  /** Whether a drag that begins here takes the chosen point along. */
  takesPoint(x: number, y: number): boolean;
  /** Whether a drag draws a line round points. */
  draws(event: PointerEvent): boolean;
  dragPoint(x: number, y: number, isEnd: boolean): void;
  draw(x: number, y: number, isEnd: boolean): void;
  moveMap(dx: number, dy: number): void;
  zoom(x: number, y: number, factor: number): void;
}

type Drag = "map" | "point" | "line";
const CLICK_PX = 5;

export function listen(surface: HTMLElement, gestures: Gestures): void {
  const pointers = new Map<number, { x: number; y: number }>();
  let drag: Drag = "map";
  let travelled = 0;
  let wasPinched = false;

  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const at = { x: event.offsetX, y: event.offsetY };
    surface.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at);
    if (pointers.size > 1) {
      if (drag === "line") gestures.draw(at.x, at.y, true);
      [drag, wasPinched] = ["map", true];
      return;
    }
    [travelled, wasPinched] = [0, false];
    drag = gestures.draws(event) ? "line" : gestures.takesPoint(at.x, at.y) ? "point" : "map";
  });

  surface.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    const at = { x: event.offsetX, y: event.offsetY };
    if (!last) return gestures.hover(at.x, at.y);
    if (pointers.size === 2) pinch(event.pointerId, last, at);
    travelled += Math.hypot(at.x - last.x, at.y - last.y);
    pointers.set(event.pointerId, at);
    if (wasPinched || travelled < CLICK_PX) return;
    if (drag === "map") gestures.moveMap(at.x - last.x, at.y - last.y);
    else if (drag === "point") gestures.dragPoint(at.x, at.y, false);
    else gestures.draw(at.x, at.y, false);
  });

  const end = (event: PointerEvent) => {
    if (!pointers.delete(event.pointerId) || pointers.size || wasPinched) return;
    const isClick = travelled < CLICK_PX && event.type === "pointerup";
    if (isClick) gestures.click(event.offsetX, event.offsetY);
    else if (drag === "point") gestures.dragPoint(event.offsetX, event.offsetY, true);
    else if (drag === "line") gestures.draw(event.offsetX, event.offsetY, true);
  };
  surface.addEventListener("pointerup", end);
  surface.addEventListener("pointercancel", end);
  surface.addEventListener("pointerleave", () => gestures.leave());
  surface.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      // A pinch on a touchpad comes as a wheel with Ctrl, in smaller steps.
      const speed = event.ctrlKey ? 0.01 : 0.0015;
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      gestures.zoom(event.offsetX, event.offsetY, Math.exp(-event.deltaY * lines * speed));
    },
    { passive: false },
  );

  function pinch(id: number, last: { x: number; y: number }, at: { x: number; y: number }): void {
    const other = [...pointers].find(([each]) => each !== id)![1];
    const before = Math.hypot(last.x - other.x, last.y - other.y);
    const after = Math.hypot(at.x - other.x, at.y - other.y);
    gestures.moveMap((at.x - last.x) / 2, (at.y - last.y) / 2);
    if (before > 1) gestures.zoom((at.x + other.x) / 2, (at.y + other.y) / 2, after / before);
  }
}
