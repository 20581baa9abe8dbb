/** Small pieces of DOM work that every module of the page needs. */

/** Return the element that a template promises; a missing one is our own mistake. */
export function getElement<T extends Element>(selector: string, within: ParentNode = document): T {
  const found = within.querySelector<T>(selector);
  if (!found) throw new Error(`expected ${selector} in the page`);
  return found;
}

/** Tell people who cannot see the page what has changed. */
export function announce(text: string): void {
  const announcer = getElement<HTMLElement>("#announcer");
  // The same text twice would be said once.
  announcer.textContent = announcer.textContent === text ? `${text}\u00a0` : text;
}

/** Show a problem where the page has its place for it. */
export function showProblem(title: string, advice: string): void {
  const place = getElement<HTMLElement>("#problem");
  const box = document.createElement("div");
  box.className = "problem";
  for (const [text, className] of [[title, "problem-title"], [advice, ""]] as const) {
    const line = document.createElement("p");
    line.textContent = text;
    if (className) line.className = className;
    box.append(line);
  }
  place.replaceChildren(box);
}

export function clearProblem(): void {
  document.querySelector("#problem")?.replaceChildren();
}

/** Write seconds as `3:07`. */
export function formatTime(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "0:00";
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function prefersReducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Read a color from the style sheet, so that canvases follow light and dark. */
export function getColor(name: string, element: Element = document.documentElement): string {
  return getComputedStyle(element).getPropertyValue(name).trim();
}
