/** Write in a cell of the list: Enter keeps it, Tab keeps it and goes on, Escape leaves it as it was. */

import { announce, clearProblem, getElement, showProblem } from "../dom";
import { localizeTimes } from "./times";

const NOT_KEPT = "This was not kept";

export function startCells(): void {
  document.addEventListener("dblclick", (event) => {
    const cell = (event.target as Element).closest<HTMLElement>(".track-table [data-field]");
    if (cell) editCell(cell);
  });
}

/** Turn a cell into a field. */
export function editCell(cell: HTMLElement): void {
  if (cell.querySelector(".cell-input")) return;
  const shown = [...cell.childNodes];
  const input = makeInput(cell);
  let isLeft = false;

  function leave(): void {
    isLeft = true;
    cell.replaceChildren(...shown);
  }

  async function keep(step: number): Promise<void> {
    if (isLeft) return;
    const field = cell.dataset["field"] ?? "";
    if (input.value.trim() === (cell.dataset["value"] ?? "")) {
      leave();
      goOn(cell, step);
      return;
    }
    isLeft = true;
    const row = await send(cell, input);
    if (row) goOn(getElement<HTMLElement>(`[data-field="${field}"]`, row), step);
    else isLeft = false;
  }

  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      leave();
      goOn(cell, 0);
    } else if (event.key === "Enter" || event.key === "Tab") {
      event.preventDefault();
      void keep(event.key === "Enter" ? 0 : event.shiftKey ? -1 : 1);
    }
    event.stopPropagation();
  });
  // A click elsewhere keeps what was written, as a table of any office does.
  input.addEventListener("blur", () => {
    if (!isLeft) void keep(NaN);
  });
  cell.replaceChildren(input);
  input.select();
}

function makeInput(cell: HTMLElement): HTMLInputElement {
  const input = document.createElement("input");
  const title = getTitle(cell);
  input.className = "cell-input";
  input.value = cell.dataset["value"] ?? "";
  input.setAttribute("aria-label", `${cell.dataset["word"]} of ${title}`);
  if (cell.dataset["field"] === "year") input.inputMode = "numeric";
  return input;
}

function getTitle(cell: HTMLElement): string {
  return cell.closest("tr")?.querySelector<HTMLElement>('[data-field="title"]')?.dataset["value"] ?? "";
}

/** Move the focus: to the row's link where the work is done, to the next cell that can be written in otherwise. */
function goOn(cell: HTMLElement, step: number): void {
  if (Number.isNaN(step)) return;
  const row = cell.closest("tr");
  const cells = [...(row?.querySelectorAll<HTMLElement>("[data-field]") ?? [])];
  const next = step ? cells[cells.indexOf(cell) + step] : undefined;
  if (next) editCell(next);
  else row?.querySelector<HTMLElement>(".row-link")?.focus();
}

/** Store what was written; return the row as it is now, null where it was not kept. */
async function send(cell: HTMLElement, input: HTMLInputElement): Promise<HTMLElement | null> {
  const row = cell.closest<HTMLElement>("tr");
  if (!row) return null;
  const bar = getElement<HTMLFormElement>("#undo-bar");
  const body = new FormData();
  body.set("csrf_token", getElement<HTMLInputElement>('[name="csrf_token"]', bar).value);
  body.set("back", getElement<HTMLElement>("#found").dataset["here"] ?? "");
  body.set("field", cell.dataset["field"] ?? "");
  body.set("value", input.value);
  body.set("was", cell.dataset["value"] ?? "");
  try {
    const response = await fetch(`/admin/tracks/${row.dataset["track"]}/cell`, { method: "POST", body });
    if (response.ok && !response.redirected) return showRow(row, response, await response.text());
    refuse(input, response.status === 422 || response.status === 409 ? await response.text() : "Reload the page and try again.");
  } catch {
    refuse(input, "The server could not be reached. Check the connection and try again.");
  }
  return null;
}

function refuse(input: HTMLInputElement, advice: string): void {
  input.setAttribute("aria-invalid", "true");
  showProblem(NOT_KEPT, advice);
  input.focus();
}

function showRow(row: HTMLElement, response: Response, html: string): HTMLElement {
  clearProblem();
  const made = document.createElement("template");
  made.innerHTML = html;
  const fresh = getElement<HTMLElement>("tr", made.content);
  const wasChecked = getElement<HTMLInputElement>('input[name="track_id"]', row).checked;
  getElement<HTMLInputElement>('input[name="track_id"]', fresh).checked = wasChecked;
  localizeTimes(fresh);
  row.replaceWith(fresh);
  offerUndo(response.headers.get("X-Change-Group"), getTitle(getElement<HTMLElement>("[data-field]", fresh)));
  return fresh;
}

function offerUndo(groupId: string | null, title: string): void {
  if (!groupId) return;
  const bar = getElement<HTMLFormElement>("#undo-bar");
  getElement<HTMLInputElement>('[name="group_id"]', bar).value = groupId;
  getElement("#undo-text", bar).textContent = `“${title}” is saved.`;
  bar.hidden = false;
  announce(`“${title}” is saved. Press u to undo.`);
}
