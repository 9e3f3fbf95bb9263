// Reads the part `live` of the page again after a change of the user's calendars.
const live = document.getElementById("live");
async function readAgain() {
  const response = await fetch(location.href);
  if (!response.ok) return;
  const next = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("live");
  if (next.innerHTML === live.innerHTML) return;
  const focused = live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  live.replaceChildren(...next.childNodes);
  [...live.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
  const status = document.getElementById("status");
  status.textContent = status.dataset.text;
}

if (live) {
  // A browser has few connections to a server, so only a visible page keeps one.
  let source = null;
  const update = () => {
    source?.close();
    source = document.hidden ? null : new EventSource("/live");
    if (source) source.onmessage = readAgain;
  };
  document.addEventListener("visibilitychange", () => {
    update();
    if (!document.hidden) readAgain();
  });
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
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
