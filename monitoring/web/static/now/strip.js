// The strip of layers by keyboard: one stop for Tab, arrows inside.

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.(".strip a.cell");
  if (!cell) return;
  const stage = [...cell.parentElement.children].indexOf(cell);
  const column = cell.parentElement;
  const strip = column.parentElement;
  const target = {
    ArrowRight: () => cellOf(column.nextElementSibling, stage),
    ArrowLeft: () => cellOf(column.previousElementSibling, stage),
    ArrowDown: () => cellOf(column, 1),
    ArrowUp: () => cellOf(column, 0),
    Home: () => cellOf(strip.firstElementChild, stage),
    End: () => cellOf(strip.lastElementChild, stage),
  }[event.key]?.();
  if (!target?.checkVisibility()) return; // of many printers the strips show the latest layers alone
  event.preventDefault();
  target.focus();
  oneStop(strip, target);
});

function cellOf(column, stage) {
  const exact = column?.children[stage];
  return exact?.matches("a.cell") ? exact : column?.querySelector("a.cell");
}

export function oneStop(strip, stop) {
  for (const cell of strip.querySelectorAll("a.cell")) cell.tabIndex = cell === stop ? 0 : -1;
}
