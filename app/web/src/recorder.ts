/** The voice note, from the first press to the file in the form: record, stop, listen back, discard, send. */

import { announce, clearProblem, formatTime, getElement, showProblem } from "./dom";
import { LevelMeter } from "./meter";
import { MicrophoneError, chooseMimeType, nameRecording, openMicrophone } from "./microphone";
import { agreeToNotice } from "./notice";
import { pauseMusic } from "./player";
import { Review } from "./review";

type State = "idle" | "asking" | "recording" | "review" | "sending";

const LABEL_BY_STATE: Partial<Record<State, string>> = { idle: "Record", asking: "Record", recording: "Stop recording" };
const TIMER_EVERY_MS = 100;

export class Recorder {
  #root: HTMLElement;
  #form = getElement<HTMLFormElement>("#clip-form");
  #input = getElement<HTMLInputElement>("#clip");
  #elapsed = getElement<HTMLInputElement>("input[name=elapsed_s]", this.#form);
  #review = new Review();
  #state: State = "idle";
  #minS: number;
  #maxS: number;
  #maxMb: number;
  #idleText: string;
  #session: Session | null = null;

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#minS = Number(root.dataset["minS"]);
    this.#maxS = Number(root.dataset["maxS"]);
    this.#maxMb = Number(root.dataset["maxMb"]);
    this.#idleText = getElement<HTMLElement>("#recorder-status").textContent ?? "";
    getElement("#record").addEventListener("click", () => void this.#press());
    getElement("#cancel").addEventListener("click", () => this.#cancel());
    getElement("#discard").addEventListener("click", () => this.#discard());
    this.#input.addEventListener("change", () => this.#takeUpload(this.#input.files?.[0]));
    this.#form.addEventListener("htmx:before:request", () => this.#send());
    this.#form.addEventListener("htmx:finally:request", () => this.#returnToReview());
    this.#acceptDrops(getElement<HTMLElement>("#drop-zone"));
    window.addEventListener("pagehide", () => this.#session?.abandon());
    this.#enter("idle", this.#idleText);
  }

  async #press(): Promise<void> {
    if (this.#state === "recording") return this.#stop();
    if (this.#state !== "idle") return;
    clearProblem();
    this.#enter("asking", "Waiting for the microphone …");
    if (!(await agreeToNotice())) return this.#enter("idle", this.#idleText);
    await this.#start();
  }

  async #start(): Promise<void> {
    pauseMusic();
    try {
      this.#session = new Session(await openMicrophone(), this.#root, {
        onTime: (seconds) => this.#showTime(seconds),
        onDone: (recording) => this.#takeRecording(recording),
      });
    } catch (error) {
      return this.#fail(error);
    }
    this.#enter("recording", "Recording. Press again to stop.");
  }

  #fail(error: unknown): void {
    this.#enter("idle", this.#idleText);
    const known = error instanceof MicrophoneError ? error : null;
    showProblem(known?.title ?? "Recording did not start", known?.advice ?? "Press record to try again, or upload a file.");
  }

  #stop(): void {
    if (!this.#session) return;
    if (this.#session.elapsedS < this.#minS) {
      return this.#say(`At least ${this.#minS} second is needed. Keep talking.`);
    }
    this.#session.finish();
  }

  #cancel(): void {
    this.#session?.abandon();
    this.#session = null;
    this.#enter("idle", this.#idleText);
    getElement<HTMLButtonElement>("#record").focus();
  }

  #showTime(seconds: number): void {
    getElement("#timer").textContent = formatTime(seconds);
    if (seconds >= this.#maxS) this.#session?.finish();
  }

  #takeRecording({ file, elapsedS, peaks }: Recording): void {
    this.#session = null;
    if (file.size === 0 || elapsedS < this.#minS) {
      this.#enter("idle", this.#idleText);
      return showProblem("The recording was too short", `At least ${this.#minS} second is needed. Press record to try again.`);
    }
    this.#putIntoForm(file, elapsedS);
    this.#openReview("Your recording", file, elapsedS, peaks);
  }

  #takeUpload(file: File | undefined): void {
    if (!file) return;
    clearProblem();
    if (file.size > this.#maxMb * 1024 * 1024) {
      this.#input.value = "";
      const size = Math.ceil(file.size / 1024 / 1024);
      return showProblem("This file is too large", `Expected at most ${this.#maxMb} MB, got ${size} MB.`);
    }
    this.#elapsed.value = "";
    this.#openReview(file.name, file, 0, []);
  }

  #openReview(name: string, file: File, durationS: number, peaks: readonly number[]): void {
    getElement("#review-name").textContent = name;
    this.#enter("review", "Listen back, or find your music.");
    this.#review.load(file, durationS, peaks);
    getElement<HTMLButtonElement>("#send").focus();
  }

  /** Put the recording where an upload would be: the form then sends both alike. */
  #putIntoForm(file: File, elapsedS: number): void {
    const transfer = new DataTransfer();
    transfer.items.add(file);
    this.#input.files = transfer.files;
    this.#elapsed.value = elapsedS.toFixed(2);
  }

  #discard(): void {
    this.#review.clear();
    this.#input.value = "";
    this.#elapsed.value = "";
    clearProblem();
    this.#enter("idle", this.#idleText);
    announce("Discarded.");
    getElement<HTMLButtonElement>("#record").focus();
  }

  #send(): void {
    clearProblem();
    this.#enter("sending", "Listening to your voice …");
  }

  /** After an error the recording is still there to be sent again. */
  #returnToReview(): void {
    if (this.#state === "sending" && this.#root.isConnected) this.#enter("review", "It is still here: send it again, or discard it.");
  }

  #acceptDrops(zone: HTMLElement): void {
    this.#root.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("is-over");
    });
    this.#root.addEventListener("dragleave", () => zone.classList.remove("is-over"));
    this.#root.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("is-over");
      const files = event.dataTransfer?.files;
      if (this.#state !== "idle" || !files?.length) return;
      this.#input.files = files;
      this.#takeUpload(files[0]);
    });
  }

  #enter(state: State, status: string): void {
    this.#state = state;
    this.#root.dataset["state"] = state;
    for (const part of this.#root.querySelectorAll<HTMLElement>("[data-show]")) {
      part.hidden = !part.dataset["show"]!.split(" ").includes(state);
    }
    getElement("#record-label").textContent = LABEL_BY_STATE[state] ?? "";
    if (state === "sending") this.#review.pause();
    this.#say(status);
  }

  #say(status: string): void {
    getElement("#recorder-status").textContent = status;
  }
}

interface Recording {
  file: File;
  elapsedS: number;
  peaks: readonly number[];
}

interface SessionEvents {
  onTime: (seconds: number) => void;
  onDone: (recording: Recording) => void;
}

/** One opening of the microphone; always closed again. */
class Session {
  #recorder: MediaRecorder;
  #meter: LevelMeter;
  #parts: Blob[] = [];
  #startedAt = performance.now();
  #timer: number;
  #endedS: number | null = null;

  constructor(
    private readonly stream: MediaStream,
    root: HTMLElement,
    private readonly events: SessionEvents,
  ) {
    const mimeType = chooseMimeType();
    this.#recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
    this.#recorder.addEventListener("start", () => (this.#startedAt = performance.now()));
    this.#recorder.addEventListener("dataavailable", (event) => this.#parts.push(event.data));
    this.#recorder.addEventListener("stop", () => this.#hand());
    // A microphone that is unplugged ends the recording; what was said so far is kept.
    stream.getAudioTracks()[0]?.addEventListener("ended", () => this.finish());
    this.#meter = new LevelMeter(
      stream,
      getElement<HTMLElement>(".record-stage", root),
      getElement<HTMLElement>("#level-text", root),
      getElement<HTMLCanvasElement>("#live-waveform", root),
    );
    this.#recorder.start(1000);
    this.#timer = window.setInterval(() => events.onTime(this.elapsedS), TIMER_EVERY_MS);
  }

  get elapsedS(): number {
    return this.#endedS ?? (performance.now() - this.#startedAt) / 1000;
  }

  finish(): void {
    if (this.#recorder.state === "inactive") return;
    this.#endedS = this.elapsedS;
    this.#recorder.stop();
    this.#close();
  }

  abandon(): void {
    this.events.onDone = () => undefined;
    this.finish();
  }

  #close(): void {
    window.clearInterval(this.#timer);
    this.#meter.stop();
    for (const track of this.stream.getTracks()) track.stop();
  }

  #hand(): void {
    const type = this.#recorder.mimeType || "audio/webm";
    const file = new File(this.#parts, nameRecording(type), { type });
    this.events.onDone({ file, elapsedS: this.elapsedS, peaks: this.#meter.peaks });
  }
}
