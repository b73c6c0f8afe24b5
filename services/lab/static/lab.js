// Live pages: shows what has changed meanwhile. Without JavaScript the pages work all the same; reload them.
(() => {
  if (!document.body.hasAttribute("data-live")) return;
  const EVERY_MS = 1000;
  const status = document.querySelector("[data-status]");
  const main = () => document.querySelector("main");
  let shown = main().innerHTML;
  let typed = false;
  let asking = false;
  addEventListener("input", () => { typed = true; });
  addEventListener("submit", () => { clearInterval(timer); });

  function swap(fresh) {
    const summary = (one) => one.querySelector("summary").textContent;
    const open = new Set([...main().querySelectorAll("details[open]")].map(summary));
    const focus = document.activeElement;
    const focused = main().contains(focus) ? focus.outerHTML : null;
    main().replaceWith(fresh);
    fresh.querySelectorAll("details").forEach((one) => { one.open = one.open || open.has(summary(one)); });
    if (focused) {
      const same = [...fresh.querySelectorAll(focus.tagName)].find((one) => one.outerHTML === focused);
      if (same) same.focus({ preventScroll: true });
    }
  }

  async function look() {
    if (asking || document.hidden) return;
    asking = true;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) return;
      status.textContent = "";
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main");
      if (!fresh || fresh.innerHTML === shown) return;
      if (typed) {
        status.textContent = "Something has changed; reload to see it";
        return;
      }
      shown = fresh.innerHTML;
      document.title = page.title;
      swap(document.adoptNode(fresh));
    } catch {
      status.textContent = "The lab does not answer";
    } finally {
      asking = false;
    }
  }
  const timer = setInterval(look, EVERY_MS);
})();
