// Who is logged out meanwhile, here or by an engineer, is shown the way back in and no page that has stopped.

const EVERY_MS = 30_000;

async function look() {
  const answer = await fetch("/api/session").catch(() => null);
  if (answer?.status === 401) location.reload();
}

setInterval(look, EVERY_MS);
document.addEventListener("visibilitychange", () => document.hidden || look());
