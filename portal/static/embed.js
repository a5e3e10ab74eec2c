// The dashboard inside a page of a store: tells that page its height, and copies links.
(() => {
  const main = document.getElementById("main");
  const origins = document.getElementById("embedded").dataset.origins.split(" ");
  const outer = location.ancestorOrigins?.[0] ?? (document.referrer && new URL(document.referrer).origin);
  if (parent !== window && origins.includes(outer)) {
    new ResizeObserver(() => {
      parent.postMessage({ type: "ring:height", height: Math.ceil(main.getBoundingClientRect().height) }, outer);
    }).observe(main);
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = button.parentElement.querySelector("input");
    field.select();
    // Frames of other origins may not use the clipboard API.
    if (document.execCommand("copy")) button.querySelector("[data-copy-label]").textContent = button.dataset.copied;
  });
})();
