/** A track's outline above its player: how far it has played, and a click to go elsewhere. */

import { getColor } from "../dom";

const BAR_PX = 3;

export async function startWaveform(): Promise<void> {
  const canvas = document.querySelector<HTMLCanvasElement>("#waveform");
  const audio = document.querySelector<HTMLAudioElement>("#track-audio");
  if (!canvas || !audio) return;
  const response = await fetch(canvas.dataset["peaks"] ?? "").catch(() => null);
  if (response?.status !== 200) return;
  const peaks = new Uint8Array(await response.arrayBuffer());
  canvas.hidden = false;
  const draw = () => drawPeaks(canvas, peaks, audio.duration ? audio.currentTime / audio.duration : 0);
  audio.addEventListener("timeupdate", draw);
  audio.addEventListener("seeked", draw);
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  canvas.addEventListener("click", (event) => {
    const share = event.offsetX / canvas.clientWidth;
    // The length is known only once the file has been asked for.
    if (audio.duration) audio.currentTime = share * audio.duration;
    else {
      audio.addEventListener("loadedmetadata", () => (audio.currentTime = share * audio.duration), { once: true });
      audio.load();
    }
    audio.play().catch(() => undefined);
  });
}

function drawPeaks(canvas: HTMLCanvasElement, peaks: Uint8Array, played: number): void {
  const density = devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * density) || canvas.height !== Math.round(height * density)) {
    [canvas.width, canvas.height] = [Math.round(width * density), Math.round(height * density)];
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, width, height);
  const nBars = Math.max(1, Math.floor(width / BAR_PX));
  const [past, future] = [getColor("--accent"), getColor("--line-strong")];
  for (let bar = 0; bar < nBars; bar++) {
    const some = peaks.subarray(Math.floor((bar / nBars) * peaks.length), Math.ceil(((bar + 1) / nBars) * peaks.length));
    const size = Math.max(2, (Math.max(...some) / 255) * height);
    context.fillStyle = (bar + 0.5) / nBars < played ? past : future;
    context.fillRect(bar * BAR_PX, (height - size) / 2, BAR_PX - 1, size);
  }
}
