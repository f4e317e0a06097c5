// The address of the page names the layer that is shown, and links to layers of the build lead there without loading.

const PAUSE_MS = 300; // a browser refuses to change its address all the time

let timer;

export function remember({ layer, stage }) {
  clearTimeout(timer);
  timer = setTimeout(() => history.replaceState({}, "", `?layer=${layer}&stage=${stage}`), PAUSE_MS);
}

// `go` takes layer and stage, null where the link names none.
export function onLinks(go) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-go]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const wanted = new URLSearchParams(link.search);
    go(Number(wanted.get("layer")), wanted.get("stage"));
  });
}
