// Reads the page again after a change of the user's calendars, and keeps the focus.
const main = document.getElementById("main");
if (main?.dataset.live !== undefined) {
  new EventSource("/live").onmessage = async () => {
    const response = await fetch(location.href);
    if (!response.ok) return;
    const next = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("main");
    const focused = document.activeElement?.id;
    main.replaceChildren(...next.childNodes);
    if (focused) document.getElementById(focused)?.focus();
    const status = document.getElementById("live");
    status.textContent = status.dataset.text;
  };
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
