/** The admin page: search by keyboard, select many, listen in between. Everything works without it, only slower. */

import htmx from "htmx.org";
import { startImports } from "./admin/imports";
import { startMoodMap } from "./admin/mood-map";
import { localizeTimes } from "./admin/times";
import { startWaveform } from "./admin/track-page";
import { startListening, startTracks } from "./admin/tracks";
import { startWhatIf } from "./admin/what-if";
import { announce, clearProblem, showProblem } from "./dom";

let announced = readAnnouncement();

startTracks();
startListening();
startImports();
startWhatIf();
void startMoodMap();
void startWaveform();
localizeTimes(document);
document.addEventListener("htmx:after:swap", () => {
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

// Bundled, so nothing else refers to it.
void htmx;
