/** The list of tracks: select many, obey the keyboard, listen in between. */

import { getElement } from "../dom";
import { editCell, startCells } from "./cells";

let lastTicked: HTMLInputElement | null = null;

export function startTracks(): void {
  showSelection();
  startCells();
  document.addEventListener("keydown", answerKey);
  document.addEventListener("click", selectRange);
  document.addEventListener("change", (event) => {
    const target = event.target as HTMLInputElement;
    if (target.id === "select-all") for (const box of getBoxes()) box.checked = target.checked;
    showSelection();
  });
  document.addEventListener("htmx:after:swap", () => {
    showSelection();
    keepAddress();
  });
}

function getBoxes(): HTMLInputElement[] {
  return [...document.querySelectorAll<HTMLInputElement>('.track-table input[name="track_id"]')];
}

/** Forms that lead back to the list lead back to the list as it is now. */
function keepAddress(): void {
  const here = document.querySelector<HTMLElement>("#found")?.dataset["here"];
  if (here) for (const input of document.querySelectorAll<HTMLInputElement>("input[data-here]")) input.value = here;
}

function showSelection(): void {
  const all = document.querySelector<HTMLInputElement>("#select-all");
  if (!all) return;
  const boxes = getBoxes();
  const nSelected = boxes.filter((box) => box.checked).length;
  const isAllFound = document.querySelector<HTMLInputElement>("#all-found")?.checked ?? false;
  // Only a script can select all, so only a script shows the box.
  all.hidden = false;
  all.checked = nSelected > 0 && nSelected === boxes.length;
  all.indeterminate = nSelected > 0 && nSelected < boxes.length;
  for (const id of ["#edit-selected", "#delete-selected"]) {
    getElement<HTMLButtonElement>(id).disabled = nSelected === 0 && !isAllFound;
  }
  getElement("#n-selected").textContent = isAllFound ? "all are selected" : nSelected ? `${nSelected} selected` : "";
}

/** A click with the shift key selects all from the last one. */
function selectRange(event: MouseEvent): void {
  const box = event.target as HTMLInputElement;
  if (!box.matches?.('.track-table input[name="track_id"]')) return;
  const boxes = getBoxes();
  const from = lastTicked ? boxes.indexOf(lastTicked) : -1;
  const to = boxes.indexOf(box);
  if (event.shiftKey && from >= 0) {
    for (const each of boxes.slice(Math.min(from, to), Math.max(from, to) + 1)) each.checked = box.checked;
  }
  lastTicked = box;
  showSelection();
}

function answerKey(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  const isTyping = target.matches('input:not([type="checkbox"], [type="radio"]), textarea, select, audio');
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (document.querySelector(".track-table, #q") && answerListKey(event.key, target)) event.preventDefault();
  else if (event.key === "u" && undo()) event.preventDefault();
}

function answerListKey(key: string, target: HTMLElement): boolean {
  const search = document.querySelector<HTMLInputElement>("#q");
  const row = target.closest<HTMLTableRowElement>(".track-table tbody tr");
  if (key === "/" && search) search.select();
  else if (key === "j" || key === "k") moveRow(row, key === "j" ? 1 : -1);
  else if (key === "x" && row) row.querySelector<HTMLInputElement>('input[name="track_id"]')?.click();
  else if (key === "e") edit(target, row);
  else if (key === "Enter" && target.matches("td[data-field]")) editCell(target);
  else if (key === "?") document.querySelector<HTMLDialogElement>("#keys")?.showModal();
  else return false;
  return true;
}

/** Write in the cell with the focus; or edit what is selected; or write in the title of the row with the focus. */
function edit(target: HTMLElement, row: HTMLTableRowElement | null): void {
  const selected = document.querySelector<HTMLButtonElement>("#edit-selected");
  if (target.matches("[data-field]")) editCell(target);
  else if (selected && !selected.disabled) selected.click();
  else if (row) editCell(getElement<HTMLElement>('[data-field="title"]', row));
}

/** Take back what was done last, if the page offers it. */
function undo(): boolean {
  const form = document.querySelector<HTMLFormElement>("#undo-bar:not([hidden]), form[data-undo]");
  form?.requestSubmit();
  return form !== null;
}

function moveRow(from: HTMLTableRowElement | null, step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLTableRowElement>(".track-table tbody tr")];
  const next = from ? rows[rows.indexOf(from) + step] : rows[0];
  next?.querySelector<HTMLElement>(".row-link")?.focus();
}

/** Play within the list; without a script, the link opens the file itself. */
export function startListening(): void {
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
