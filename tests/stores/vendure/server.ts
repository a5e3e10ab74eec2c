/**
 * The shop of make test-stores: a Vendure with our plugin wired in as its README says, filled and served on loopback.
 *
 * The database is in memory and ends with the process. SHOP_PORT is its port, SHOP_GOODS the file of its products. The line
 * `ready` is printed when it serves and sends.
 */

import {
  bootstrap,
  DefaultJobQueuePlugin,
  dummyPaymentHandler,
  JobQueueService,
  LanguageCode,
  orderPercentageDiscount,
  PromotionService,
  RequestContextService,
  VendureConfig,
} from "@vendure/core"
import { populate } from "@vendure/core/cli"
import { RingReferralsPlugin } from "../../../docs/stores/vendure/src/plugins/ring-referrals/ring-referrals.plugin"

const config: VendureConfig = {
  apiOptions: {
    hostname: "127.0.0.1",
    port: Number(process.env.SHOP_PORT),
    adminApiPath: "admin-api",
    shopApiPath: "shop-api",
    cors: false,
  },
  authOptions: {
    tokenMethod: ["bearer", "api-key"],
    superadminCredentials: { identifier: "admin", password: "password of the tests" },
  },
  dbConnectionOptions: { type: "sqljs", synchronize: true },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  plugins: [DefaultJobQueuePlugin.init({ pollInterval: 50 }), RingReferralsPlugin],
}

function payment(name: string, settlesAtOnce: boolean) {
  const choice = { name: "automaticSettle", value: String(settlesAtOnce) }
  return { name, handler: { code: dummyPaymentHandler.code, arguments: [choice] } }
}

const world = {
  defaultLanguage: LanguageCode.en,
  defaultZone: "Europe",
  countries: [{ name: "Ukraine", code: "UA", zone: "Europe" }],
  taxRates: [{ name: "Standard", percentage: 20 }],
  shippingMethods: [{ name: "Post", price: 500 }],
  paymentMethods: [payment("Card", true), payment("Later", false)],
  collections: [],
}

async function main(): Promise<void> {
  const app = await populate(() => bootstrap(config), world, process.env.SHOP_GOODS)
  const ctx = await app.get(RequestContextService).create({ apiType: "admin" })
  await app.get(PromotionService).createPromotion(ctx, {
    enabled: true,
    couponCode: "SAVE7",
    conditions: [],
    actions: [{ code: orderPercentageDiscount.code, arguments: [{ name: "discount", value: "7" }] }],
    translations: [{ languageCode: LanguageCode.en, name: "Seven percent less" }],
  })
  // The worker's part, in this process: no other one can open a database in memory.
  await app.get(JobQueueService).start()
  console.log("ready")
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
