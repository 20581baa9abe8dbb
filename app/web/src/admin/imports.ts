/** Choose a folder by looking through the server's: each one that is opened is the one that would be imported. */
export function startImports(): void {
  const path = document.querySelector<HTMLInputElement>("#path");
  if (!path) return;
  document.addEventListener("htmx:after:swap", () => {
    const chosen = document.querySelector<HTMLElement>("#folders [data-chosen-folder]");
    if (chosen) path.value = chosen.dataset["chosenFolder"] ?? "";
  });
}
