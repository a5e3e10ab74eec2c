/** Send a signed delivery to the referral portal, by Standard Webhooks 1.0.0 (https://www.standardwebhooks.com). */

import { createHmac, randomUUID } from "node:crypto"

export interface Target {
  /** The address on the store's page in the portal: https://portal.example/hooks/<store>/<platform> */
  url: string
  /** The secret on the same page: whsec_... */
  secret: string
}

/** Resolve when the portal has stored the delivery; reject after some attempts, so that the caller's queue retries. */
export async function deliver(target: Target, content: unknown, waits: number[] = [1000, 5000]): Promise<void> {
  const body = JSON.stringify(content)
  const id = `msg_${randomUUID()}`
  for (let attempt = 0; ; attempt++) {
    const problem = await attemptOnce(target, id, body)
    if (problem === null) return
    if (attempt >= waits.length) throw new Error(`The referral portal did not accept ${id}: ${problem}`)
    await new Promise((resolve) => setTimeout(resolve, waits[attempt]))
  }
}

async function attemptOnce(target: Target, id: string, body: string): Promise<string | null> {
  try {
    const answer = await fetch(target.url, {
      method: "POST",
      body,
      redirect: "error",
      signal: AbortSignal.timeout(15_000),
      headers: { "content-type": "application/json", ...sign(target.secret, id, body) },
    })
    return answer.ok ? null : `HTTP ${answer.status} ${(await answer.text()).slice(0, 500)}`
  } catch (error) {
    return String(error)
  }
}

function sign(secret: string, id: string, body: string): Record<string, string> {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64")
  const timestamp = Math.floor(Date.now() / 1000)
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": `v1,${signature}`,
  }
}
