// Reads the page again after a change of the user's calendars, and keeps the focus.
const main = document.getElementById("main");
async function readAgain() {
  const response = await fetch(location.href);
  if (!response.ok) return;
  const next = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("main");
  if (next.innerHTML === main.innerHTML) return;
  const focused = document.activeElement?.id;
  main.replaceChildren(...next.childNodes);
  if (focused) document.getElementById(focused)?.focus();
  const status = document.getElementById("live");
  status.textContent = status.dataset.text;
}

if (main?.dataset.live !== undefined) {
  // A browser has few connections to a server, so only a visible page keeps one.
  let source = null;
  const update = () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else if (!source) {
      source = new EventSource("/live");
      source.onmessage = readAgain;
    }
  };
  document.addEventListener("visibilitychange", () => {
    update();
    if (!document.hidden) readAgain();
  });
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      source = null;
      update();
      readAgain();
    }
  });
  update();
}

// Sends the time zone of the browser once, if the visitor has not chosen one.
const settings = document.getElementById("settings");
if (settings?.dataset.zone === "") {
  const zone = settings.elements.namedItem("zone");
  zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const sent = "zone-sent";
  if (zone.value && zone.value !== "UTC" && !sessionStorage.getItem(sent)) {
    sessionStorage.setItem(sent, "1");
    settings.requestSubmit();
  }
}
