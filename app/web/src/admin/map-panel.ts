/** What stands beside the map: the chosen track, the form that corrects it, and the way back. */

import { announce, clearProblem, getElement, showProblem } from "../dom";
import type { Place, ToldPlace } from "./point-cloud";

export interface PanelOwner {
  /** Another place was written into the form. */
  aim(place: Place): void;
  /** The server has stored something. */
  settle(told: ToldPlace): void;
}

export class MapPanel {
  private readonly panel = getElement<HTMLElement>("#map-panel");
  private readonly saved = getElement<HTMLElement>("#map-saved");
  private readonly empty = this.panel.innerHTML;
  private shownId = 0;

  constructor(
    private readonly address: string,
    private readonly owner: PanelOwner,
  ) {
    this.panel.addEventListener("input", () => {
      const place = this.readPlace();
      if (place) this.owner.aim(place);
    });
    this.panel.addEventListener("submit", (event) => {
      event.preventDefault();
      const form = event.target as HTMLFormElement;
      const button = event.submitter as HTMLButtonElement | null;
      void this.send(button?.getAttribute("formaction") ?? form.action, new FormData(form));
    });
  }

  async show(trackId: number, { plays }: { plays: boolean }): Promise<void> {
    this.shownId = trackId;
    const response = await fetch(this.address.replace(/0$/, String(trackId))).catch(() => null);
    if (this.shownId !== trackId) return;
    if (!response?.ok || response.redirected) {
      return showProblem("This track cannot be shown", "It may have been deleted meanwhile. Reload the page.");
    }
    this.panel.innerHTML = await response.text();
    announce(`Chosen: ${this.panel.querySelector(".title-of-track")?.textContent ?? ""}`);
    // It was asked for by a click or a key; where the file is gone, its player says so.
    if (plays) this.panel.querySelector("audio")?.play().catch(() => undefined);
  }

  clear(): void {
    this.shownId = 0;
    this.panel.innerHTML = this.empty;
  }

  /** Write a place into the form; what playlists would become is asked as if it had been typed. */
  write([valence, arousal]: Place): void {
    const fields = [this.field("valence"), this.field("arousal")];
    if (!fields[0] || !fields[1]) return;
    fields[0].value = valence.toFixed(2);
    fields[1].value = arousal.toFixed(2);
    fields[1].dispatchEvent(new Event("input", { bubbles: true }));
  }

  submit(): void {
    this.panel.querySelector<HTMLFormElement>("form.correction")?.requestSubmit();
  }

  private field(name: string): HTMLInputElement | null {
    return this.panel.querySelector<HTMLInputElement>(`input[name="${name}"]`);
  }

  private readPlace(): Place | null {
    const [valence, arousal] = [this.field("valence")?.valueAsNumber, this.field("arousal")?.valueAsNumber];
    const isPlace = (value: number | undefined): value is number => value !== undefined && Math.abs(value) <= 1;
    return isPlace(valence) && isPlace(arousal) ? [valence, arousal] : null;
  }

  private async send(address: string, body: FormData): Promise<void> {
    clearProblem();
    const response = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
    const isJson = response?.headers.get("Content-Type")?.includes("json");
    if (!response || !isJson) return showProblem("Not saved", "The server could not be asked, or you are logged out. Reload the page.");
    const told = (await response.json()) as ToldPlace & { problem?: string };
    if (!response.ok) return showProblem("Not saved", told.problem ?? "");
    this.owner.settle(told);
    this.offerUndo(told, body, address === told.undo_address);
    if (this.shownId === told.track_id) await this.show(told.track_id, { plays: false });
  }

  private offerUndo(told: ToldPlace, sent: FormData, wasUndo: boolean): void {
    const words = wasUndo ? "Undone." : told.is_corrected ? "Saved. Playlists follow with the next index." : "The prediction counts again.";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = wasUndo ? "Do it again" : "Undo";
    button.addEventListener("click", () => {
      const body = new FormData();
      body.set("csrf_token", sent.get("csrf_token") ?? "");
      body.set("group_id", told.group_id);
      void this.send(told.undo_address, body);
    });
    this.saved.replaceChildren(`${words} `, button);
    this.saved.hidden = false;
  }
}
