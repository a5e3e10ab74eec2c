// The snippet of connected stores. docs/stores/snippet.md describes every attribute.
// After a change: `python -m portal.dev.build_sdk`, which also says how this file has to be written.
(() => {
  const script = document.currentScript;
  const { store, keep, cart, consent, params = "", domains = "" } = script.dataset;
  if (window.ring?.consent) return;
  // The portal, or the path of the store's own host that leads to it.
  const base = script.src.replace(/\/sdk\/[^/]*\/ring\.js.*/, "");
  // A code or an alias; the portal knows which exist.
  const CODE = "([A-Za-z\\d][A-Za-z\\d-]{1,22}[A-Za-z\\d])";
  const WHOLE = RegExp(`^${CODE}$`);
  // Messengers leave quotes, full stops and second queries around a code.
  const LINKED = RegExp(`^[^\\p{L}\\p{N}]*${CODE}([^\\p{L}\\p{N}]*|[?&#].*)$`, "u");
  const LABEL = /^[\w-]{1,32}$/;
  const MONTH = 2592000;
  const PAUSE_MS = 1800000;
  let code, label, started, left, domain = "";

  const list = (text) => text.toLowerCase().split(/[\s,]+/).filter(Boolean);
  const isWithin = (host, site) => ("." + host).endsWith("." + site);
  const linked = (names, form) => {
    for (const [name, value] of new URLSearchParams(location.search)) {
      const match = names.includes(name.toLowerCase().replace(/^amp;/, "")) && form.exec(value);
      if (match) return match[1] || value;
    }
  };
  const readLink = () => {
    code = linked(["ref", ...list(params)], LINKED);
    label = linked(["via"], LABEL);
  };

  const cookie = (name, form = /./) => document.cookie.split("; ").filter((pair) => pair.startsWith(name + "=")).map((pair) => pair.slice(name.length + 1)).find((value) => form.test(value));
  const put = (name, value, seconds = MONTH) => {
    document.cookie = `${name}=${value};path=/;max-age=${seconds};samesite=lax${domain}${location.protocol == "https:" ? ";secure" : ""}`;
  };
  const remove = (name) => put(name, "", 0);
  // Browsers refuse cookies of public suffixes, so the first domain that works is the widest one of this store.
  const widen = () => {
    const labels = location.hostname.split(".");
    for (let at = labels.length; at--;) {
      domain = ";domain=" + labels.slice(at).join(".");
      put("ring_try", 1, 9);
      if (cookie("ring_try")) return remove("ring_try");
    }
    domain = "";
  };
  const forget = () => {
    widen();
    ["ring_ref", "ring_via", "ring_seen"].forEach(remove);
  };

  // A visit is counted on its first page and ends after half an hour without a page.
  const isArrival = () => {
    const [seenCode, seenAt] = (cookie("ring_seen") || "").split(".");
    put("ring_seen", code + "." + Date.now());
    const isOpened = performance.getEntriesByType("navigation")[0]?.type == "navigate";
    // Where cookies are refused, a reloaded page is not counted again.
    if (seenCode != code) return isOpened || cookie("ring_seen");
    const isOwn = document.referrer && isWithin(new URL(document.referrer).hostname, domain.slice(8) || location.hostname);
    return isOpened && !isOwn && Date.now() - seenAt > PAUSE_MS;
  };
  // Returns the status, 0 without an answer. An unread body keeps the connection busy.
  const post = (url, body, options) => fetch(url, { method: "POST", body, keepalive: true, ...options }).then((response) => response.text().then(() => response.status)).catch(() => 0);
  const report = async () => {
    // Tabs that open at once decide one after the other.
    const arrived = await (navigator.locks ? navigator.locks.request("ring", isArrival) : isArrival());
    if (cart == "shopify" && (arrived || /\bcart\/?$/.test(location.pathname))) {
      post("/cart/update.js", JSON.stringify({ attributes: { ring_ref: code, ring_via: label } }), { headers: { "Content-Type": "application/json" } });
    }
    if (!arrived) return;
    // Plain text needs no preflight.
    const status = await post(base + "/api/v1/arrivals", JSON.stringify({ code, store, label }), { credentials: "omit" });
    // An unknown code is not a first touch: the next link may be.
    if (status == 404) forget();
    // What failed is sent again by the next page.
    else if (!left && (!status || status > 428)) remove("ring_seen");
  };

  const fill = () => {
    for (const element of document.querySelectorAll("input[name=ring_ref],input[name=ring_via],stripe-buy-button,stripe-pricing-table")) {
      if (element.name) element.value ||= element.name == "ring_ref" ? code || "" : label || "";
      else if (code) element.setAttribute("client-reference-id", code);
    }
  };
  const decorate = ({ target }) => {
    const link = code && target.closest?.("a[href]");
    if (!link) return;
    const host = link.hostname;
    // Before consent nothing is stored: the code travels in the links of the store.
    const isOwn = list(domains).some((site) => isWithin(host, site)) || !started && host == location.hostname;
    const name = host == "buy.stripe.com" ? "client_reference_id" : isOwn && "ref";
    if (!name) return;
    const url = new URL(link.href);
    if (url.searchParams.has(name)) return;
    url.searchParams.set(name, code);
    if (isOwn && label) url.searchParams.set("via", label);
    link.href = url;
  };

  const start = () => {
    if (started) return;
    started = 1;
    widen();
    readLink();
    const stored = cookie("ring_ref", WHOLE);
    if (stored) {
      code = stored;
      label = cookie("ring_via", LABEL);
    } else if (code) {
      put("ring_ref", code);
      if (label) put("ring_via", label);
      if (keep) post(keep);
    }
    if (!code) return;
    report();
    fill();
    new MutationObserver(fill).observe(document, { childList: true, subtree: true });
    if (!customElements.get("ring-badge")) customElements.define("ring-badge", class extends HTMLElement {
      connectedCallback() {
        this.setAttribute("role", "status");
        fetch(base + "/api/v1/badge?" + new URLSearchParams({ store, code, lang: this.closest("[lang]")?.lang || "" }), { credentials: "omit" }).then((response) => response.json()).then(({ text, lang }) => {
          if (text) {
            this.lang = lang;
            this.textContent = text;
          }
        }).catch(() => 0);
      }
    });
  };
  const answer = (agreed) => {
    if (!agreed) {
      forget();
      code = started = label = 0;
    } else if (document.prerendering) document.addEventListener("prerenderingchange", start);
    else start();
  };

  readLink();
  addEventListener("pagehide", () => { left = 1; });
  ["pointerdown", "click"].forEach((type) => document.addEventListener(type, decorate, true));
  window.ring = { consent: answer, get code() { return code; } };
  if (consent != "required" || (window.ringConsent ?? cookie("ring_ref", WHOLE))) answer(1);
})();
