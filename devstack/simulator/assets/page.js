// Keeps the list current without losing the reader's place or what is being typed.
const PERIOD_MS = 2000;

async function refresh() {
  const live = document.getElementById("live");
  const busy = document.hidden || live.contains(document.activeElement)
    || !document.getSelection().isCollapsed;
  if (!busy) {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const main = fresh.getElementById("live");
      if (main && main.innerHTML !== live.innerHTML) live.replaceWith(main);
    } catch {
      // The simulator is restarting; the next round finds it again.
    }
  }
  setTimeout(refresh, PERIOD_MS);
}

setTimeout(refresh, PERIOD_MS);
