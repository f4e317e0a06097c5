// That somebody has seen an event or a layer: a note, and it goes to the history under their name.

import { announce } from "./speech.js";

const dialog = document.getElementById("acknowledge");
const part = (name) => document.getElementById(`acknowledge-${name}`);
const AUTHOR = "layerwatch-author"; // whoever stands here next is likely the same person

let subject = "";

function open(button) {
  subject = button.dataset.acknowledge;
  part("about").textContent = button.dataset.about;
  part("note").value = "";
  part("mistake").textContent = "";
  if (part("author")) part("author").value = localStorage.getItem(AUTHOR) ?? "";
  dialog.showModal();
}

async function send() {
  const said = { subject, note: part("note").value, author: part("author")?.value ?? "" };
  if (part("author")) localStorage.setItem(AUTHOR, said.author);
  const answer = await fetch("/api/acknowledgements", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(said),
  });
  if (!answer.ok) throw new Error((await answer.json()).detail);
  dialog.close();
  document.getElementById(`acknowledge-${subject}`)?.setAttribute("disabled", "");
  announce("polite", "Acknowledged.");
}

async function submit(event) {
  event.preventDefault();
  const button = dialog.querySelector("button.main");
  button.disabled = true;
  try {
    await send();
  } catch (error) {
    part("mistake").textContent = `Not kept: ${error.message}`;
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-acknowledge]");
  if (button && dialog) open(button);
});
dialog?.querySelector("form").addEventListener("submit", submit);
part("cancel")?.addEventListener("click", () => dialog.close());
