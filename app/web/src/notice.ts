/** The notice of what is inferred, read before the microphone opens for the first time. */

import { getElement } from "./dom";

const AGREED = "emotitune-notice-read";

/** Show the notice unless this browser session has seen it.
 *
 * @returns whether the listener wants to go on.
 */
export async function agreeToNotice(): Promise<boolean> {
  if (wasRead()) return true;
  const dialog = getElement<HTMLDialogElement>("#notice");
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  if (dialog.returnValue !== "agree") return false;
  remember();
  return true;
}

// Storage may be blocked: then the notice comes each time, which does no harm.
function wasRead(): boolean {
  try {
    return sessionStorage.getItem(AGREED) === "yes";
  } catch {
    return false;
  }
}

function remember(): void {
  try {
    sessionStorage.setItem(AGREED, "yes");
  } catch {
    return;
  }
}
