/** Starts the page, and starts its parts again whenever htmx has brought new ones. */

import htmx from "htmx.org";
import { announce, clearProblem, getElement, showProblem } from "./dom";
import { adoptPlaylist, leaveNever, startPlayer } from "./player";
import { keepFocus } from "./reactions";
import { Recorder } from "./recorder";
import { drawTimeline } from "./timeline-plot";

document.documentElement.classList.add("js");
const recorder = document.querySelector<HTMLElement>("#recorder");
if (recorder) new Recorder(recorder);
startPlayer();
drawTimeline(document);

document.addEventListener("htmx:after:swap", () => refresh());
document.addEventListener("htmx:error", () => {
  showProblem("The server could not be reached", "What you recorded is still here. Check the connection and try again.");
});

let shown = document.querySelector(".result");
let tracks = document.querySelector("#tracks");

/** Look at what has changed, and tell people who cannot see it. */
function refresh(): void {
  const result = document.querySelector<HTMLElement>(".result");
  const playlist = document.querySelector("#tracks");
  if (result && result !== shown) showResult(result);
  else if (playlist && playlist !== tracks) announce(`The playlist has changed: ${playlist.children.length} tracks.`);
  if (playlist !== tracks) {
    clearProblem();
    adoptPlaylist();
  }
  leaveNever();
  keepFocus();
  shown = result;
  tracks = playlist;
}

function showResult(result: HTMLElement): void {
  drawTimeline(result);
  document.title = "Your music · EmotiTune";
  window.scrollTo({ top: 0 });
  getElement<HTMLElement>("#mood-title", result).focus({ preventScroll: true });
  announce(result.dataset["announce"] ?? "");
}

// Bundled, so nothing else refers to it.
void htmx;
