/** Opens the microphone, and says in words why it cannot be opened. */

export class MicrophoneError extends Error {
  constructor(
    readonly title: string,
    readonly advice: string,
  ) {
    super(title);
  }
}

const UPLOAD = "You can still upload a recording below.";

const TEXT_BY_CAUSE: Record<string, [title: string, advice: string]> = {
  NotAllowedError: [
    "The microphone is not allowed",
    `Allow it for this page in the browser's address bar, then press record again. ${UPLOAD}`,
  ],
  NotFoundError: ["No microphone was found", `Plug one in, then press record again. ${UPLOAD}`],
  NotReadableError: [
    "The microphone is busy",
    `Another program may be using it. Close that one, then press record again. ${UPLOAD}`,
  ],
  OverconstrainedError: ["This microphone does not fit", `Choose another one in the browser's settings. ${UPLOAD}`],
  InsecureContext: [
    "The microphone needs a secure address",
    `Browsers open it for https pages, and for 127.0.0.1 on this machine. ${UPLOAD}`,
  ],
  Unsupported: ["This browser cannot record", UPLOAD],
};

// A browser's automatic gain raises soft voices to full scale: words about the level would mean nothing, and the
// recognizer sets the level itself.
const AS_SPOKEN: MediaTrackConstraints = { autoGainControl: false };

/** Open the microphone.
 *
 * @throws MicrophoneError with one text per cause.
 */
export async function openMicrophone(): Promise<MediaStream> {
  if (!window.isSecureContext || !navigator.mediaDevices) throw describeCause("InsecureContext");
  if (typeof MediaRecorder === "undefined") throw describeCause("Unsupported");
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: AS_SPOKEN });
  } catch (error) {
    throw describeCause(error instanceof DOMException ? error.name : "");
  }
}

/** Choose what to record to: MP4 on Safari, whose WebM has had broken durations, WebM with Opus elsewhere. */
export function chooseMimeType(): string {
  const isSafari = /^((?!chrome|chromium|android|crios|fxios).)*safari/i.test(navigator.userAgent);
  const webm = ["audio/webm;codecs=opus", "audio/webm"];
  const mp4 = ["audio/mp4;codecs=mp4a.40.2", "audio/mp4"];
  const candidates = [...(isSafari ? [...mp4, ...webm] : [...webm, ...mp4]), "audio/ogg;codecs=opus"];
  return candidates.find((type) => MediaRecorder.isTypeSupported(type)) ?? "";
}

/** Name a recording by its container, since the server's messages call it by its name. */
export function nameRecording(mimeType: string): string {
  const container = /^audio\/(webm|mp4|ogg)/.exec(mimeType)?.[1] ?? "webm";
  return `voice-note.${container}`;
}

function describeCause(cause: string): MicrophoneError {
  const text = TEXT_BY_CAUSE[cause] ?? ["The microphone could not be opened", `Press record to try again. ${UPLOAD}`];
  return new MicrophoneError(...text);
}
