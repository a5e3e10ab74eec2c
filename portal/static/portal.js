// Progressive enhancement of pages that work without it. One delegated listener per kind of event, so that
// swapped-in markup needs no setup. The attributes are listed in templates/components/README.md.

const root = document.documentElement;
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const words = document.body.dataset;

function stored(area, key, value) {
  // Storage may be disabled; every feature here works without it.
  try {
    if (value === undefined) return area().getItem(key);
    if (value === null) area().removeItem(key);
    else area().setItem(key, value);
  } catch { /* storage is disabled */ }
  return null;
}
const session = () => sessionStorage;
const local = () => localStorage;

/* ---- the live region ---- */

// What is outside an open dialog is inert: it is neither read aloud nor can it be pressed.
function reachable(region) {
  const dialog = $("dialog:modal"), place = dialog && ($(".dialog-body", dialog) ?? dialog);
  if (region && place && region.parentElement !== place) place.prepend(region);
  if (!place && region?.closest("dialog")) document.body.append(region);
  return region;
}

let clearing;
function announce(text) {
  const region = reachable($("#live-status"));
  if (!region || !text) return;
  clearTimeout(clearing);
  region.textContent = "";
  setTimeout(() => { region.textContent = text; }, 50);
  clearing = setTimeout(() => { region.textContent = ""; }, 15000);
}

/* ---- toasts ---- */

const TOAST_MS = 10000;
// A dialog shows what went wrong last, until it is closed.
function toastBox() {
  const box = reachable($("#toasts"));
  if (box?.closest("dialog")) box.replaceChildren();
  return box;
}
document.addEventListener("close", ({ target }) => {
  $("#toasts", target)?.replaceChildren();
  ["#live-status", "#toasts"].forEach((region) => reachable($(region)));
}, true);
function toast({ text, tone = "info" } = {}) {
  const box = toastBox();
  if (!box || !text) return;
  // A poll that goes on failing says so once.
  if ($$(".toast-note p", box).some((shown) => shown.textContent === text)) return;
  const note = document.createElement("div");
  note.className = `toast-note toast-${tone}`;
  const message = document.createElement("p");
  message.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "icon-button icon-button-sm";
  close.ariaLabel = words.textDismiss || "×";
  close.dataset.dismiss = "";
  close.textContent = "×";
  note.append(message, close);
  let timer;
  const wait = () => { if (!note.closest("dialog")) timer = setTimeout(() => note.remove(), TOAST_MS); };
  const hold = () => clearTimeout(timer);
  note.addEventListener("pointerenter", hold);
  note.addEventListener("pointerleave", wait);
  note.addEventListener("focusin", hold);
  note.addEventListener("focusout", wait);
  box.append(note);
  wait();
  announce(text);
}
addEventListener("toast", (event) => toast(event.detail));

/* ---- theme ---- */

function showTheme() {
  const dark = root.getAttribute("data-bs-theme") === "dark";
  for (const button of $$("[data-theme-toggle]")) button.ariaPressed = dark;
}
function switchTheme() {
  const next = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
  stored(local, "ring_theme", next);
  root.setAttribute("data-bs-theme", next);
}
new MutationObserver(showTheme).observe(root, { attributeFilter: ["data-bs-theme"] });

/* ---- copy and share ---- */

async function copy(button) {
  const label = $("[data-copy-label]", button);
  const text = button.dataset.copy ?? button.title;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    if (!copyBySelection(text)) {
      toast({ text: words.textCopyFailed, tone: "warning" });
      return;
    }
  }
  const done = button.dataset.copied || words.textCopied;
  button.dataset.labelBefore ??= label?.textContent ?? "";
  if (label) label.textContent = done;
  button.classList.add("is-copied");
  announce(done);
  setTimeout(() => {
    if (label) label.textContent = button.dataset.labelBefore;
    button.classList.remove("is-copied");
  }, 2500);
}
function copyBySelection(text) {
  // Without TLS there is no clipboard API.
  const area = document.createElement("textarea");
  const focused = document.activeElement;
  area.value = text;
  area.className = "visually-hidden";
  (focused?.closest("dialog") ?? document.body).append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return copied;
}
function share({ shareUrl, shareTitle, shareText }) {
  navigator.share({ url: shareUrl, title: shareTitle, text: shareText }).catch(() => {});
}

/* ---- dialogs and menus ---- */

function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog?.showModal) return false;
  if (!dialog.open) dialog.showModal();
  // A dialog with a form focuses its first field, not the close button.
  $("form :is(input:not([type=hidden]), textarea, select)", dialog)?.focus();
  return true;
}
// One dialog asks about the row whose link was pressed; without it the link leads to a page.
function askReason(link) {
  const dialog = $("#reason");
  if (!dialog?.showModal) return false;
  const row = link.closest("[data-row]");
  const form = $("form", dialog);
  form.reset();
  form.action = link.href;
  const [action, reason] = JSON.parse(stored(session, "ring_draft") ?? "[]");
  if (action === form.action) form.elements.reason.value = reason;
  form.setAttribute("hx-target", `#${row.id}`);
  for (const label of $$("[data-dialog-verb]", dialog)) label.textContent = link.textContent.trim();
  $("[data-dialog-subject]", dialog).textContent = orderOf(row);
  return openDialog(dialog.id);
}
function closeMenus(except) {
  for (const menu of $$("details[data-menu][open]")) if (menu !== except) menu.open = false;
}

/* ---- clicks ---- */

document.addEventListener("click", (event) => {
  const on = (selector) => event.target.closest?.(selector);
  closeMenus(on("details[data-menu]"));
  const copying = on("[data-copy], button.hex");
  const opener = on("[data-dialog-open]");
  const asking = on("[data-row] a.btn");
  const sharing = on("[data-share]");
  if (copying) copy(copying);
  else if (sharing) share(sharing.dataset);
  else if ((opener || asking) && !event.ctrlKey && !event.metaKey) {
    if (asking ? askReason(asking) : openDialog(opener.dataset.dialogOpen)) event.preventDefault();
  } else if (on("[data-dialog-close]")) on("dialog")?.close();
  else if (on("[data-dismiss]")) on(".toasts > *")?.remove();
  else if (on("[data-print]")) print();
  else if (on("[data-theme-toggle]")) switchTheme();
  else if (on("[data-bulk-clear]")) checkAll(on("[data-bulk]"), false);
  else if (event.target.nodeName === "DIALOG") lightDismiss(event);
  if (on(".btn[aria-disabled=true]")) event.preventDefault();
});
function lightDismiss(event) {
  const { left, right, top, bottom } = event.target.getBoundingClientRect();
  const { clientX: x, clientY: y } = event;
  if ((x < left || x > right || y < top || y > bottom) && x + y > 0) event.target.close();
}
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-select-on-focus]")) event.target.select();
});
// A menu that the focus has left would cover what is focused next.
document.addEventListener("keyup", (event) => {
  if (event.key === "Tab") closeMenus(event.target.closest?.("details[data-menu]"));
});

/* ---- sticky table heads ---- */

// The head of a table can stick to the page only if its box does not scroll.
const fitting = new ResizeObserver((entries) => {
  for (const { target: table } of entries) table.parentElement.classList.toggle("fits", table.offsetWidth <= table.parentElement.clientWidth);
});

/* ---- selecting rows ---- */

function checkAll(form, checked) {
  for (const box of $$("[name=ids]", form)) box.checked = checked;
  const matching = $("[data-bulk-matching]", form);
  if (matching && !checked) matching.checked = false;
  showSelection(form);
  if (!checked) ($("[data-bulk-all]", form) ?? $("[name=ids]", form))?.focus();
}
function showSelection(form, aloud = true) {
  const boxes = $$("[name=ids]", form);
  const bar = $("[data-bulk-bar]", form);
  const matching = $("[data-bulk-matching]", form);
  const count = boxes.filter((box) => box.checked).length;
  const active = count > 0;
  if (!active && matching) matching.checked = false;
  const shown = matching?.checked ? Number(matching.value) : count;
  const number = new Intl.NumberFormat(root.lang).format(shown);
  const wasActive = bar?.classList.contains("is-active");
  bar?.classList.toggle("is-active", active);
  for (const element of $$("[data-bulk-filters]", form.parentElement)) element.hidden = active;
  for (const element of $$("[data-bulk-text]", bar ?? form)) {
    const text = matching?.checked ? element.dataset.bulkTextAll ?? element.dataset.bulkText : element.dataset.bulkText;
    element.textContent = text.replace("{n}", number);
  }
  for (const all of $$("[data-bulk-all]", form)) {
    all.checked = active && count === boxes.length;
    all.indeterminate = active && count < boxes.length;
  }
  root.style.setProperty("--bulk-top", active && bar ? `${bar.offsetHeight}px` : "0px");
  if (aloud && (active || wasActive)) announce($(".bulk-count", bar ?? form)?.textContent.trim());
}
document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-bulk]");
  if (form && event.target.matches("[data-bulk-all]")) checkAll(form, event.target.checked);
  else if (form && event.target.matches("[name=ids], [data-bulk-matching]")) showSelection(form);
  if (event.target.matches("[data-shortcuts-toggle]")) stored(local, "ring_shortcuts", event.target.checked ? null : "off");
});

/* ---- rows of the queue ---- */

const orderOf = (row) => $("a", row)?.textContent ?? "";
// What every row would repeat: which order a button is about, and on a phone the heads of the columns.
function nameRows(from) {
  for (const row of $$("[data-row]", from)) {
    for (const button of $$(".btn", row)) button.ariaLabel = `${button.textContent.trim()} ${orderOf(row)}`;
    const heads = row.closest("table")?.tHead.rows[0].cells ?? [];
    for (const at of [2, 3, 4]) if (row.cells[at]) row.cells[at].dataset.label = heads[at]?.textContent ?? "";
  }
}
// One form decides about all rows, and the answer replaces the row. A second click on a row waits for the first.
document.addEventListener("submit", (event) => {
  const row = event.submitter?.closest("[data-row]");
  if (!row) return;
  if (row.ariaBusy) { event.preventDefault(); event.stopPropagation(); return; }
  row.ariaBusy = "true";
  event.target.setAttribute("hx-target", `#${row.id}`);
}, true);

/* ---- keyboard on the queue ---- */

// With a Cyrillic layout the letters are those printed on the keys.
const keyOf = ({ key, code }) => (/^\p{L}$/u.test(key) && !/[a-z]/i.test(key) ? code.replace("Key", "").toLowerCase() : key);
const KEYS = { x: "[name=ids]", a: "[formaction]", r: "a[href$='/reject']" };

// A decision replaces the row, which then has the focus and no mark.
const currentRow = (table) => document.activeElement.closest("[data-row]") ?? $("[data-row].is-current", table);
function step(table, by) {
  const rows = $$("[data-row]", table);
  if (!rows.length) return;
  const now = rows.indexOf(currentRow(table));
  const next = rows[now < 0 ? 0 : Math.min(Math.max(now + by, 0), rows.length - 1)];
  $("[data-row].is-current", table)?.classList.remove("is-current");
  next.classList.add("is-current");
  next.tabIndex = -1;
  next.focus();
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = event.target.closest?.("details[data-menu][open]");
    if (menu) { menu.open = false; $("summary", menu).focus(); }
    return;
  }
  const table = $("[data-shortcuts]");
  if (!table || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]") || $("dialog[open]")) return;
  if (stored(local, "ring_shortcuts") === "off") return;
  const key = keyOf(event);
  if (key === "j" || key === "k") step(table, key === "j" ? 1 : -1);
  else if (key === "/") $("[data-shortcut-search]")?.focus();
  else if (key === "?") openDialog($("[data-shortcuts-help]")?.id);
  else if (key in KEYS) {
    const row = currentRow(table);
    const target = row && $(KEYS[key], row);
    if (!target) return;
    target.click();
  } else return;
  event.preventDefault();
});

/* ---- forms ---- */

// A form is sent once: its buttons are busy until the next page, or for a while where none comes (a file, a stopped
// request). htmx has hx-sync.
const SENDING_MS = 20000;
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.getAttribute("method") === "post" && !form.matches("[hx-boost], [data-download]")) {
    if (form.dataset.submitted) { event.preventDefault(); return; }
    form.dataset.submitted = "yes";
    for (const button of submitters(form)) button.ariaDisabled = "true";
    event.submitter?.classList.add("is-busy");
    setTimeout(release, SENDING_MS, form);
  }
  if (form.dataset.stashFlash) stored(session, "ring_flash", form.dataset.stashFlash);
  // A reason outlives a request that fails, also if signing in again comes before the next one.
  const reason = form.closest("dialog") && form.elements.reason;
  if (reason) stored(session, "ring_draft", JSON.stringify([form.action, reason.value]));
});
const submitters = (form) => [...form.elements].filter((element) => element.type === "submit");
function release(form) {
  delete form.dataset.submitted;
  for (const button of submitters(form)) {
    button.ariaDisabled = null;
    button.classList.remove("is-busy");
  }
}
addEventListener("pageshow", (event) => {
  // The back button restores the page as it was left, with its disabled buttons.
  if (event.persisted) $$("form[data-submitted]").forEach(release);
});
// Reloading a page that answered a form would send the form again.
const instead = $("[data-reload-url]")?.dataset.reloadUrl;
if (instead) history.replaceState(null, "", instead);

/* ---- htmx ---- */

document.addEventListener("htmx:config:request", ({ detail }) => {
  const token = $("meta[name=csrf-token]")?.content;
  const request = detail.ctx.request;
  if (token && new URL(request.action, location.href).origin === location.origin) request.headers["X-CSRFToken"] = token;
});
/* When a swap removes the focused element, focus the nearest one that is still there. */
let focusTrail = [];
document.addEventListener("htmx:before:swap", ({ target, detail }) => {
  // A dialog whose form was accepted gives the focus back to its row; any other stays open with what was typed.
  const dialog = detail.ctx.response.status < 400 && target.closest?.("dialog[open]");
  if (dialog) {
    stored(session, "ring_draft", null);
    dialog.close();
  }
  focusTrail = [];
  for (let at = document.activeElement; at && at !== document.body; at = at.parentElement) if (at.id) focusTrail.push(at.id);
});
function keepFocus() {
  if (document.activeElement !== document.body || !focusTrail.length) return;
  const place = focusTrail.map((id) => document.getElementById(id)).find(Boolean);
  if (!place) return;
  if (place.tabIndex < 0) place.tabIndex = -1;
  place.focus({ preventScroll: true });
}
document.addEventListener("htmx:after:settle", (event) => {
  const target = event.detail?.task?.target ?? event.target;
  enhance(target?.isConnected && target.parentElement ? target.parentElement : document);
  keepFocus();
});
/* An error of the server is shown in #toasts until the same element succeeds; a poll that goes on failing says it once. */
let failing = null;
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  const block = $("#toasts .error-block");
  // A form that is being sent stays as it is.
  if ($("form[data-submitted]", ctx.sourceElement)) ctx.hx.reswap = "none";
  if (ctx.response.status < 400 && failing === ctx.sourceElement.id) block?.remove();
  if (ctx.response.status < 400) return;
  failing = ctx.sourceElement.id;
  // A page of the proxy belongs in no part of this one.
  if (!ctx.hx.retarget && /<html/i.test(ctx.text)) {
    event.preventDefault();
    return toast({ text: words.textNetwork, tone: "danger" });
  }
  if (ctx.sourceElement.closest("dialog[open]")) return showInDialog(ctx);
  if (block && ctx.text.includes($(".error-title", block).outerHTML)) ctx.hx.reswap = "none";
});
function showInDialog(ctx) {
  toastBox();
  if (ctx.hx.retarget) { ctx.hx.retarget = "#toasts"; return; }
  // The answer is the row as another admin left it, with the reason.
  const row = new DOMParser().parseFromString(ctx.text, "text/html");
  toast({ text: $("[data-announce]", row)?.dataset.announce, tone: "danger" });
}
document.addEventListener("htmx:finally:request", ({ detail }) => {
  const row = detail?.ctx?.request?.submitter?.closest("[data-row]");
  if (row) row.ariaBusy = null;
});
document.addEventListener("htmx:error", ({ detail }) => {
  if (detail?.ctx && !detail.ctx.response) toast({ text: words.textNetwork, tone: "danger" });
});

/* ---- relative times ---- */

const UNITS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
function refreshTimes(from = document) {
  const phrase = new Intl.RelativeTimeFormat(root.lang, { numeric: "auto" });
  for (const time of $$("time[data-relative], [data-row] time:not([title])", from)) {
    const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
    if (Number.isNaN(seconds)) continue;
    time.title ||= time.textContent;
    time.dataset.relative = "";
    const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
    const text = phrase.format(unit === "second" ? 0 : Math.trunc(seconds / size), unit);
    if (time.textContent !== text) time.textContent = text;
  }
}
setInterval(() => { if (!document.hidden) refreshTimes(); }, 30000);
// On paper "3 days ago" soon means nothing.
addEventListener("beforeprint", () => { for (const time of $$("time[data-relative][title]")) time.textContent = time.title; });
addEventListener("afterprint", () => refreshTimes());

/* ---- the visit beacon ---- */

const VISIT_PAUSE_MS = 30 * 60 * 1000;
// A parent domain can set a cookie of the same name: the first well-formed value counts.
function cookie(name, form) {
  const pairs = document.cookie.split(/;\s*/).filter((pair) => pair.startsWith(`${name}=`));
  return pairs.map((pair) => pair.slice(name.length + 1)).find((value) => form.test(value)) ?? null;
}
// One cookie for all tabs: the code of the current visit and the time of its last page.
const SECURE = location.protocol === "https:";
const VISIT = SECURE ? "__Host-ring_visit" : "ring_visit";
function keepVisit(code, seconds = 30 * 86400) {
  document.cookie = `${VISIT}=${encodeURIComponent(code)}.${Date.now()}; path=/; max-age=${seconds}; samesite=lax${SECURE ? "; secure" : ""}`;
}
// A visit is counted once, on its first page, and ends after half an hour without a page. Pages opened before that, in
// any tab and with the same link or none, belong to it. After a longer pause a link, a bookmark or a typed address is a
// new visit; following a link of an open page, reloading or going back is not.
function isArrival(code) {
  const [seenCode, seenAt] = (cookie(VISIT, /^\w{8}\.\d+$/) ?? "").split(".");
  keepVisit(code);
  if (seenCode !== code) return true;
  if (Math.abs(Date.now() - Number(seenAt)) < VISIT_PAUSE_MS) return false;
  const how = performance.getEntriesByType("navigation")[0]?.type;
  return how === "navigate" && !document.referrer.startsWith(`${location.origin}/`);
}
// Tabs that open at once must decide one after the other. Browsers have locks only on HTTPS and on this computer.
async function decideArrival(code) {
  if (!navigator.locks) return isArrival(code);
  return navigator.locks.request(VISIT, () => {
    const arrival = isArrival(code);
    // Reading the cookie back makes sure that it is stored before the next tab gets the lock.
    cookie(VISIT, /./);
    return arrival;
  }).catch(() => false); // The page was left before its turn.
}
async function trackArrival() {
  const code = cookie("ring_ref_visible", /^\w{8}$/);
  if (!code || !(await decideArrival(code))) return;
  let leaving = false;
  addEventListener("pagehide", () => { leaving = true; });
  const answer = await fetch("/api/refcodes/track", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
    keepalive: true,
  }).then(async (response) => {
    // An unread body keeps the connection busy.
    await response.text();
    return response;
  }).catch((error) => error);
  // A refused or failed beacon is sent again by the next page.
  const failed = answer instanceof Error || answer.status === 429 || answer.status >= 500;
  if (failed && !leaving) keepVisit(code, 0);
}

/* ---- start ---- */

function showStashedFlash(from) {
  const place = $("[data-read-flash]", from);
  const text = place && stored(session, "ring_flash");
  if (!text) return;
  stored(session, "ring_flash", null);
  /* Good news would contradict a payment that failed. */
  if (place.dataset.readFlash === "discard") return;
  const message = document.createElement("p");
  message.textContent = text;
  $("p", place)?.remove();
  place.append(message);
  place.classList.add("notice", "notice-success");
  place.hidden = false;
  announce(text);
}
// What a poll changes is said: the words of elements with an id.
const said = new Map();
function sayChanges(from) {
  const changed = [];
  for (const { id, textContent } of $$("[data-says]", from)) {
    const text = textContent.replace(/\s+/g, " ").trim();
    if (said.has(id) && said.get(id) !== text) changed.push(text);
    said.set(id, text);
  }
  announce(changed.join(". "));
}
function enhance(from) {
  sayChanges(from);
  refreshTimes(from);
  nameRows(from);
  for (const button of $$("[data-share][hidden]", from)) button.hidden = !navigator.share;
  for (const dialog of $$("dialog[data-dialog-auto]", from)) if (!dialog.open) dialog.showModal();
  for (const element of $$("[data-announce]", from)) {
    announce(element.dataset.announce);
    element.removeAttribute("data-announce");
  }
  for (const toggle of $$("[data-shortcuts-toggle]", from)) toggle.checked = stored(local, "ring_shortcuts") !== "off";
  for (const form of $$("[data-bulk]", from)) showSelection(form, false);
  for (const table of $$(".table-box > .table", from)) fitting.observe(table);
  nameFields([...$$("#error-summary a", from)]);
  const focus = $("[data-focus]", from);
  if (focus) { focus.removeAttribute("data-focus"); focus.focus(); }
}

/* In the summary of a form's errors, the label goes before a message that stands there more than once. */
function nameFields(links) {
  const texts = links.map((link) => link.textContent);
  links.forEach((link, at) => {
    const label = $(`label[for="${CSS.escape(link.hash.slice(1))}"]`)?.firstChild?.textContent.trim();
    if (label && texts.indexOf(texts[at]) !== texts.lastIndexOf(texts[at])) link.prepend(`${label}: `);
  });
}

enhance(document);
if ($("#flash .notice-success")) stored(session, "ring_draft", null);
showTheme();
showStashedFlash(document);
$("form[data-autosubmit]")?.requestSubmit();
if (document.prerendering) document.addEventListener("prerenderingchange", trackArrival, { once: true });
else trackArrival();
