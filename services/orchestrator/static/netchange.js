// Live pages: reload the main part when a change moves. Without JavaScript the pages work all the same.
(() => {
  const watch = document.body.dataset.watch;
  const live = document.querySelector("[data-live]");
  if (!watch || !window.EventSource) return;
  let pending = false;
  async function refresh() {
    if (pending) return;
    // Nobody loses what they are typing, or what they have opened, to an update.
    if (document.activeElement && document.activeElement.matches("input, textarea, select")) return;
    pending = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const open = [...document.querySelectorAll("details")].map((d) => d.open);
      document.querySelector("main").replaceWith(page.querySelector("main"));
      document.querySelectorAll("details").forEach((d, i) => { d.open = open[i] || false; });
      document.title = page.title;
    } finally {
      pending = false;
    }
  }
  const source = new EventSource("/api/v1/events");
  source.onopen = () => { live.textContent = "live"; };
  source.onerror = () => { live.textContent = "reconnecting"; };
  source.addEventListener("lagged", refresh);
  source.addEventListener("change", (event) => {
    const data = JSON.parse(event.data);
    if (watch === "all" || watch === data.id) setTimeout(refresh, 50);
  });
})();
