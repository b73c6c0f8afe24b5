// Live pages: replaces the main part when a change moves. Without JavaScript the pages work all the same; reload them.
(() => {
  const watch = document.body.dataset.watch;
  const live = document.querySelector("[data-live]");
  if (!watch || !window.EventSource) return;
  const DEBOUNCE_MS = 50;
  const RETRY_MS = 2000;
  let stale = false;
  let asking = false;
  let timer = 0;

  // Nobody loses what they are typing to an update; it is shown when they leave the field.
  const isTyping = () => Boolean(document.activeElement?.matches("input, textarea, select"));

  function swap(fresh) {
    const main = document.querySelector("main");
    const summary = (one) => one.querySelector("summary").textContent;
    const open = new Set([...main.querySelectorAll("details[open]")].map(summary));
    const values = new Map([...main.querySelectorAll("input:not([type=hidden])")].map((one) => [one.name, one.value]));
    const focus = document.activeElement;
    const focused = main.contains(focus) ? focus.outerHTML : null;
    main.replaceWith(fresh);
    fresh.querySelectorAll("details").forEach((one) => { one.open = open.has(summary(one)); });
    fresh.querySelectorAll("input").forEach((one) => { one.value = values.get(one.name) ?? one.value; });
    if (focused) {
      const same = [...fresh.querySelectorAll(focus.tagName)].find((one) => one.outerHTML === focused);
      if (same) same.focus({ preventScroll: true });
    }
  }

  async function refresh() {
    if (asking || !stale || isTyping()) return;
    asking = true;
    stale = false;
    let wait = DEBOUNCE_MS;
    try {
      const answer = await fetch(document.body.dataset.url ?? location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (isTyping()) {
        stale = true;
        return;
      }
      document.title = page.title;
      swap(document.adoptNode(page.querySelector("main")));
    } catch {
      stale = true;
      wait = RETRY_MS;
    } finally {
      asking = false;
      if (stale) later(wait);
    }
  }

  function later(wait) {
    clearTimeout(timer);
    timer = setTimeout(refresh, wait);
  }

  function moved() {
    stale = true;
    later(DEBOUNCE_MS);
  }

  addEventListener("focusout", () => later(DEBOUNCE_MS));
  const source = new EventSource("/api/v1/events");
  let lost = false;
  source.onopen = () => {
    live.textContent = "live";
    // What happened in between was not told.
    if (lost) moved();
    lost = false;
  };
  source.onerror = () => {
    live.textContent = "reconnecting";
    lost = true;
  };
  source.addEventListener("lagged", moved);
  source.addEventListener("change", (event) => {
    if (watch === "all" || watch === JSON.parse(event.data).id) moved();
  });
})();
