// Request a signature of a browser wallet, to link it, to sign in or to re-authenticate. The markup and the sentences are in
// templates/components/wallet.html; the server builds the message and checks the signature.

const UNANSWERED = -32002;
const DECLINED = 4001;
// The owners of a contract wallet may approve a message on chain after this page has asked for a signature.
const APPROVAL_MISSING = "approval_missing";
// After these, the message of a proof cannot be used any more.
const GONE = new Set(["challenge_unknown", "challenge_expired", "signature_wrong", "wallet_taken"]);
const found = new Map();

addEventListener("eip6963:announceProvider", ({ detail }) => {
  if (detail?.info?.uuid && typeof detail.provider?.request === "function") found.set(detail.info.uuid, detail);
});
dispatchEvent(new Event("eip6963:requestProvider"));

class WalletProblem extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/** Return the wallets announced by EIP-6963, else the one in window.ethereum. */
function wallets() {
  dispatchEvent(new Event("eip6963:requestProvider"));
  if (found.size) return [...found.values()];
  return typeof window.ethereum?.request === "function" ? [{ provider: window.ethereum }] : [];
}

function showStatus(box, text, tone) {
  const status = box.querySelector("[data-wallet-status]");
  status.className = tone === "error" ? "field-error mb-0" : "muted mb-0";
  status.textContent = text;
}

function show(box, message) {
  const preview = box.querySelector("[data-wallet-preview]");
  preview.hidden = !message;
  preview.querySelector("pre").textContent = message;
}

async function post(url, body) {
  let answer;
  try {
    answer = await fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content,
      },
      body: JSON.stringify(body),
    });
  } catch {
    throw new WalletProblem(document.body.dataset.textNetwork);
  }
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new WalletProblem(content.error?.message ?? document.body.dataset.textNetwork, content.error?.code);
  return content;
}

/** Call the wallet; its own refusals become sentences, any other error `otherwise`. */
async function ask(box, provider, method, params, otherwise = box.dataset.textFailed) {
  try {
    return await provider.request({ method, params });
  } catch (error) {
    const code = error?.code ?? error?.data?.originalError?.code;
    if (code === DECLINED || code === "ACTION_REJECTED") throw new WalletProblem(box.dataset.textRefused);
    if (code === UNANSWERED) throw new WalletProblem(box.dataset.textBusy);
    throw new WalletProblem(otherwise);
  }
}

async function useNetwork(box, provider) {
  const expected = Number(box.dataset.chainId);
  if (Number(await ask(box, provider, "eth_chainId", [])) === expected) return;
  const { textChain } = box.dataset;
  try {
    await provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId: `0x${expected.toString(16)}` }] });
  } catch {
    throw new WalletProblem(textChain);
  }
  if (Number(await ask(box, provider, "eth_chainId", [])) !== expected) throw new WalletProblem(textChain);
}

/** Return the site that a message names; it is compared with the page before the wallet compares it. */
function domainOf(message) {
  return message.split(" wants you to sign in", 1)[0];
}

function hexOf(text) {
  return `0x${[...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Return whether the wallet is a contract, false for an account that delegates to one (EIP-7702) or if unknown. */
async function isContract(provider, address) {
  try {
    const code = await provider.request({ method: "eth_getCode", params: [address, "latest"] });
    return code.length > 2 && !code.startsWith("0xef0100");
  } catch {
    return false;
  }
}

async function sign(box, provider) {
  const { dataset } = box;
  showStatus(box, dataset.textAsk);
  const [address] = (await ask(box, provider, "eth_requestAccounts", [])) ?? [];
  if (!address) throw new WalletProblem(dataset.textRefused);
  await useNetwork(box, provider);
  const { message } = await post(dataset.challengeUrl, { address });
  if (domainOf(message) !== location.host) throw new WalletProblem(dataset.textDomain);
  show(box, message);
  showStatus(box, dataset.textSign);
  // The owners may need longer than this page stays open, so the proof can be sent without the wallet's answer.
  if (await isContract(provider, address)) keepProof(box, { address, signature: "0x" });
  const signature = await ask(box, provider, "personal_sign", [hexOf(message), address]);
  return finish(box, { address, signature });
}

const pendingKey = ({ dataset }) => `ring_wallet ${dataset.finishUrl}`;

/** Return the proof that waits for approvals, null if there is none. */
function pendingProof(box) {
  try {
    return JSON.parse(sessionStorage.getItem(pendingKey(box)));
  } catch {
    return null;
  }
}

/** Offer to send a proof again, or stop offering it. */
function keepProof(box, proof) {
  box.querySelector("[data-wallet-again]").hidden = !proof;
  try {
    if (proof) sessionStorage.setItem(pendingKey(box), JSON.stringify(proof));
    else sessionStorage.removeItem(pendingKey(box));
  } catch { /* the proof is lost when the page is left */ }
  box.proof = proof;
}

async function finish(box, proof) {
  try {
    const answer = await post(box.dataset.finishUrl, { ...proof, next: box.dataset.next });
    keepProof(box, null);
    return answer;
  } catch (error) {
    if (error.code === APPROVAL_MISSING) keepProof(box, proof);
    else if (GONE.has(error.code)) keepProof(box, null);
    throw error;
  }
}

function leave(box, answer) {
  if (box.dataset.wallet === "sign_in") {
    location.assign(answer.next);
    return;
  }
  if (box.dataset.wallet === "confirm") {
    box.closest("form").requestSubmit();
    return;
  }
  try {
    sessionStorage.setItem("ring_flash", box.dataset.textDone);
  } catch { /* the list of wallets shows that it is linked */ }
  location.reload();
}

function setBusy(box, busy) {
  box.toggleAttribute("data-busy", busy);
  for (const button of box.querySelectorAll("button")) {
    if (busy) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
}

async function run(box, prove) {
  setBusy(box, true);
  try {
    leave(box, await prove());
  } catch (error) {
    if (error.code === "step_up_required") {
      location.assign(`${box.dataset.confirmUrl}?next=${encodeURIComponent(location.pathname + location.search)}`);
      return;
    }
    showStatus(box, error instanceof WalletProblem ? error.message : box.dataset.textFailed, "error");
    show(box, "");
    setBusy(box, false);
  }
}

function connect(box, { provider }) {
  return run(box, () => sign(box, provider));
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
  button.addEventListener("click", () => { if (!box.hasAttribute("data-busy")) connect(box, wallet); });
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
  const box = target.closest?.("[data-wallet-again]")?.closest("[data-wallet]");
  if (box && !box.hasAttribute("data-busy")) run(box, () => finish(box, box.proof));
});

for (const box of document.querySelectorAll("[data-wallet]")) keepProof(box, pendingProof(box));

document.addEventListener("click", ({ target }) => {
  const box = target.closest?.("[data-wallet-start]")?.closest("[data-wallet]");
  if (!box || box.hasAttribute("data-busy")) return;
  const choices = wallets();
  if (!choices.length) showStatus(box, box.dataset.textNone, "error");
  else if (choices.length === 1) connect(box, choices[0]);
  else offer(box, choices);
});

addEventListener("pageshow", ({ persisted }) => {
  // The back button restores the page as it was left, with its disabled buttons.
  if (persisted) for (const box of document.querySelectorAll("[data-wallet][data-busy]")) setBusy(box, false);
});
