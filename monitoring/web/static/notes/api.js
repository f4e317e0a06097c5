// The page's requests about notes; an error says in words what to do.

export async function ask(method, address, body, signal) {
  const answer = await send(method, address, body, signal);
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(content.detail ?? `The server answered with status ${answer.status}`);
  return content;
}

async function send(method, address, body, signal) {
  const about = body ? { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
  try {
    return await fetch(address, { method, signal, ...about });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer; try again");
  }
}
