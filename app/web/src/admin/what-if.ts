/** Show beside a form what it would do to playlists, while it is filled in: `data-what-if` names whom to ask. */

const PAUSE_MS = 250;
const timers = new WeakMap<HTMLFormElement, number>();
const asked = new WeakMap<HTMLFormElement, AbortController>();

export function startWhatIf(): void {
  document.addEventListener("input", (event) => {
    const form = (event.target as Element).closest<HTMLFormElement>("form[data-what-if]");
    if (!form) return;
    window.clearTimeout(timers.get(form));
    timers.set(form, window.setTimeout(() => void ask(form), PAUSE_MS));
  });
  // Nothing is filled in where something is deleted.
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-what-if-now]")) void ask(form);
}

async function ask(form: HTMLFormElement): Promise<void> {
  const place = form.querySelector<HTMLElement>(".what-if");
  if (!place || !form.dataset["whatIf"]) return;
  asked.get(form)?.abort();
  const controller = new AbortController();
  asked.set(form, controller);
  place.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form.dataset["whatIf"], { method: "POST", body: new FormData(form), signal: controller.signal });
    // 422 says in words what is wrong with a value; anything else would be a page of its own.
    if (response.ok || response.status === 422) place.innerHTML = response.redirected ? "" : await response.text();
  } catch (error) {
    if (!(error instanceof DOMException)) place.textContent = "What would change could not be found out.";
  }
  if (asked.get(form) === controller) place.removeAttribute("aria-busy");
}
