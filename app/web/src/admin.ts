/** The admin page: search by keyboard, select many, listen in between. Everything works without it, only slower. */

import htmx from "htmx.org";
import { startMoodMap } from "./admin/mood-map";
import { startWaveform } from "./admin/track-page";
import { startWhatIf } from "./admin/what-if";
import { announce, clearProblem, getElement, showProblem } from "./dom";

let announced = readAnnouncement();

startList();
startListening();
startWhatIf();
void startMoodMap();
void startWaveform();
localizeTimes(document);
document.addEventListener("keydown", answerKey);
document.addEventListener("change", (event) => {
  const target = event.target as HTMLInputElement;
  if (target.id === "select-all") for (const box of getBoxes()) box.checked = target.checked;
  showSelection();
});
document.addEventListener("htmx:after:swap", () => {
  startList();
  localizeTimes(document);
  const text = readAnnouncement();
  if (text !== announced) announce(text);
  announced = text;
});
document.addEventListener("htmx:before:request", () => clearProblem());
document.addEventListener("htmx:error", () => {
  showProblem("The server could not be reached", "What you see may be out of date. Check the connection and try again.");
});

function readAnnouncement(): string {
  return document.querySelector<HTMLElement>("[data-announce]")?.dataset["announce"] ?? "";
}

function getBoxes(): HTMLInputElement[] {
  return [...document.querySelectorAll<HTMLInputElement>('.track-table input[name="track_id"]')];
}

function startList(): void {
  const all = document.querySelector<HTMLInputElement>("#select-all");
  if (!all) return;
  // Only a script can select all, so only a script shows the box.
  all.hidden = false;
  showSelection();
}

function showSelection(): void {
  const all = document.querySelector<HTMLInputElement>("#select-all");
  if (!all) return;
  const boxes = getBoxes();
  const nSelected = boxes.filter((box) => box.checked).length;
  all.checked = nSelected > 0 && nSelected === boxes.length;
  all.indeterminate = nSelected > 0 && nSelected < boxes.length;
  getElement<HTMLButtonElement>("#delete-selected").disabled = nSelected === 0;
  getElement("#n-selected").textContent = nSelected ? `${nSelected} selected` : "";
}

/** Play within the list; without a script, the link opens the file itself. */
function startListening(): void {
  const bar = document.querySelector<HTMLElement>("#listen-bar");
  if (!bar) return;
  const audio = getElement<HTMLAudioElement>("#listen-audio", bar);
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a.play");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    bar.hidden = false;
    getElement("#listen-title", bar).textContent = link.dataset["title"] ?? "";
    if (audio.src !== link.href) audio.src = link.href;
    else if (!audio.paused) return audio.pause();
    audio.play().catch(() => {
      getElement("#listen-title", bar).textContent = "This file cannot be played; it may have been moved or deleted.";
    });
  });
  getElement("#listen-close", bar).addEventListener("click", () => {
    audio.pause();
    bar.hidden = true;
  });
}

function answerKey(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  const isTyping = target.matches('input:not([type="checkbox"], [type="radio"]), textarea, select, audio');
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector<HTMLInputElement>("#q");
  if (event.key === "/" && search) search.select();
  else if (event.key === "j" || event.key === "k") moveRow(target, event.key === "j" ? 1 : -1);
  else if (event.key === "x") target.closest("tr")?.querySelector<HTMLInputElement>('input[name="track_id"]')?.click();
  else return;
  event.preventDefault();
}

function moveRow(from: Element, step: 1 | -1): void {
  const rows = [...document.querySelectorAll(".track-table tbody tr")];
  const current = rows.indexOf(from.closest("tr")!);
  const next = rows[current < 0 ? 0 : current + step];
  next?.querySelector<HTMLElement>(".row-link")?.focus();
}

/** Write moments in the reader's own time and manner. */
function localizeTimes(within: ParentNode): void {
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
  const minute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of within.querySelectorAll<HTMLTimeElement>("time[datetime]")) {
    const format = time.dataset["date"] === undefined ? minute : day;
    time.textContent = format.format(new Date(time.dateTime));
  }
}

// Bundled, so nothing else refers to it.
void htmx;
