// Sends pictures and waits for their verdict; whoever calls may stop either.

const WAIT_SECONDS = 20;
const RETRY_MS = 2_000;

export class Refused extends Error {} // the server said no, and why
export class ConnectionLost extends Error {}

// Returns the answer of the server; onProgress takes sent and all bytes.
export function send(form, { onProgress, signal }) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest(); // fetch tells nothing of what was sent
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded, event.total));
    request.addEventListener("load", () => {
      if (request.status < 300 && request.response) done(request.response);
      else failed(new Refused(request.response?.detail ?? `The server answered ${request.status}. Try again.`));
    });
    request.addEventListener("error", () => failed(new ConnectionLost()));
    request.addEventListener("abort", () => failed(new DOMException("cancelled", "AbortError")));
    signal.addEventListener("abort", () => request.abort());
    request.open("POST", "/api/inspect");
    request.setRequestHeader("Accept", "application/json");
    request.send(form);
  });
}

// Returns when there is a verdict; onChange takes queued, running or lost.
export async function verdictOf(id, { onChange, signal }) {
  for (;;) {
    try {
      const answer = await fetch(`/api/inspections/${id}?wait=${WAIT_SECONDS}`, { signal, headers: { Accept: "application/json" } });
      if (answer.status >= 500) throw new ConnectionLost();
      const progress = await answer.json();
      if (progress.state === "done") return;
      if (progress.state === "queued" || progress.state === "running") onChange(progress.state);
      else throw new Refused(progress.summary ?? progress.detail);
    } catch (error) {
      if (signal.aborted || error instanceof Refused) throw error;
      onChange("lost");
      await new Promise((again) => setTimeout(again, RETRY_MS));
      signal.throwIfAborted();
    }
  }
}
