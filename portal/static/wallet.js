// Requests a signature from a browser wallet: to link it, to sign in, or to confirm a session. The markup and all texts
// come from templates/components/wallet.html; the server builds the message and checks the signature.

const UNANSWERED = -32002;
const DECLINED = 4001;
const announced = new Map();

addEventListener("eip6963:announceProvider", ({ detail }) => {
  if (detail?.info?.uuid && typeof detail.provider?.request === "function") announced.set(detail.info.uuid, detail);
});
dispatchEvent(new Event("eip6963:requestProvider"));

class UserMessage extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/** Return every wallet announced by EIP-6963, otherwise the injected one. */
function wallets() {
  dispatchEvent(new Event("eip6963:requestProvider"));
  if (announced.size) return [...announced.values()];
  return typeof window.ethereum?.request === "function" ? [{ provider: window.ethereum }] : [];
}

function showStatus(box, text, tone) {
  const status = box.querySelector("[data-wallet-status]");
  status.className = tone === "error" ? "field-error mb-0" : "muted mb-0";
  status.textContent = text;
}

function showMessage(box, message) {
  const preview = box.querySelector("[data-wallet-preview]");
  preview.hidden = !message;
  preview.querySelector("pre").textContent = message;
}

async function post(url, body) {
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content,
      },
      body: JSON.stringify(body),
    });
  } catch {
    throw new UserMessage(document.body.dataset.textNetwork);
  }
  const data = await response.json().catch(() => ({}));
  if (!response.ok) throw new UserMessage(data.error?.message ?? document.body.dataset.textNetwork, data.error?.code);
  return data;
}

/** Send a request to the wallet; known refusals raise their own text, other errors the text `otherwise`. */
async function requestWallet(box, provider, method, params, otherwise = box.dataset.textFailed) {
  try {
    return await provider.request({ method, params });
  } catch (error) {
    const code = error?.code ?? error?.data?.originalError?.code;
    if (code === DECLINED || code === "ACTION_REJECTED") throw new UserMessage(box.dataset.textRefused);
    if (code === UNANSWERED) throw new UserMessage(box.dataset.textBusy);
    throw new UserMessage(otherwise);
  }
}

async function useNetwork(box, provider) {
  const chainId = Number(box.dataset.chainId);
  if (Number(await requestWallet(box, provider, "eth_chainId", [])) === chainId) return;
  const { textChain } = box.dataset;
  try {
    await provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId: `0x${chainId.toString(16)}` }] });
  } catch {
    throw new UserMessage(textChain);
  }
  if (Number(await requestWallet(box, provider, "eth_chainId", [])) !== chainId) throw new UserMessage(textChain);
}

/** Return the domain in a message, which must be the page's; wallets check it too. */
function domainOf(message) {
  return message.split(" wants you to sign in", 1)[0];
}

function hexOf(text) {
  return `0x${[...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function sign(box, provider) {
  const { dataset } = box;
  showStatus(box, dataset.textAsk);
  const [address] = (await requestWallet(box, provider, "eth_requestAccounts", [])) ?? [];
  if (!address) throw new UserMessage(dataset.textRefused);
  await useNetwork(box, provider);
  const { message } = await post(dataset.challengeUrl, { address });
  if (domainOf(message) !== location.host) throw new UserMessage(dataset.textDomain);
  showMessage(box, message);
  showStatus(box, dataset.textSign);
  const signature = await requestWallet(box, provider, "personal_sign", [hexOf(message), address]);
  return post(dataset.finishUrl, { address, signature, next: dataset.next });
}

function finish(box, result) {
  if (box.dataset.wallet === "sign_in") {
    location.assign(result.next);
    return;
  }
  if (box.dataset.wallet === "confirm") {
    box.closest("form").requestSubmit();
    return;
  }
  try {
    sessionStorage.setItem("ring_flash", box.dataset.textDone);
  } catch { /* the list of wallets shows the result */ }
  location.reload();
}

function setBusy(box, busy) {
  box.toggleAttribute("data-busy", busy);
  for (const button of box.querySelectorAll("button")) {
    if (busy) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
}

async function run(box, { provider }) {
  setBusy(box, true);
  try {
    finish(box, await sign(box, provider));
  } catch (error) {
    if (error.code === "step_up_required") {
      location.assign(`${box.dataset.confirmUrl}?next=${encodeURIComponent(location.pathname + location.search)}`);
      return;
    }
    showStatus(box, error instanceof UserMessage ? error.message : box.dataset.textFailed, "error");
    showMessage(box, "");
    setBusy(box, false);
  }
}

function choice(box, wallet) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn";
  const { icon = "", name = "" } = wallet.info ?? {};
  if (icon.startsWith("data:image/")) {
    const image = document.createElement("img");
    Object.assign(image, { src: icon, alt: "", width: 20, height: 20, className: "me-2" });
    button.append(image);
  }
  button.append(name);
  button.translate = false;
  button.addEventListener("click", () => { if (!box.hasAttribute("data-busy")) run(box, wallet); });
  return button;
}

function offer(box, choices) {
  const list = box.querySelector("[data-wallet-list]");
  list.replaceChildren(...choices.map((wallet) => choice(box, wallet)));
  list.hidden = false;
  showStatus(box, box.dataset.textChoose);
  list.querySelector("button").focus();
}

document.addEventListener("click", ({ target }) => {
  const box = target.closest?.("[data-wallet-start]")?.closest("[data-wallet]");
  if (!box || box.hasAttribute("data-busy")) return;
  const choices = wallets();
  if (!choices.length) showStatus(box, box.dataset.textNone, "error");
  else if (choices.length === 1) run(box, choices[0]);
  else offer(box, choices);
});

addEventListener("pageshow", ({ persisted }) => {
  // The back button restores the page in the state in which it was left.
  if (persisted) for (const box of document.querySelectorAll("[data-wallet][data-busy]")) setBusy(box, false);
});
