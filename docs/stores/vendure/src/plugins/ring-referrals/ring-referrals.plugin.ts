/**
 * Report new and changed orders to the referral portal.
 *
 * Each event puts the order's id into Vendure's job queue, which is stored in the database and retries. The job reads the
 * order as it is then, so that a late delivery is never an old one.
 */

import { OnApplicationBootstrap } from "@nestjs/common"
import {
  ConfigService,
  EventBus,
  ID,
  JobQueue,
  JobQueueService,
  OrderService,
  OrderStateTransitionEvent,
  PaymentStateTransitionEvent,
  PluginCommonModule,
  RefundEvent,
  RefundStateTransitionEvent,
  RequestContextService,
  VendurePlugin,
} from "@vendure/core"
import { deliver } from "./delivery"

const RETRIES = 50
const RELATIONS = [
  "customer",
  "customer.user",
  "lines",
  "lines.productVariant",
  "shippingLines",
  "surcharges",
  "payments",
  "payments.refunds",
]

@VendurePlugin({
  imports: [PluginCommonModule],
  compatibility: "^3.0.0",
  configuration: (config) => {
    config.customFields.Order.push({ name: "ringRef", type: "string", length: 32, nullable: true, public: true })
    return config
  },
})
export class RingReferralsPlugin implements OnApplicationBootstrap {
  private queue!: JobQueue<{ orderId: ID; type: string }>

  constructor(
    private events: EventBus,
    private jobs: JobQueueService,
    private orders: OrderService,
    private contexts: RequestContextService,
    private config: ConfigService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.queue = await this.jobs.createQueue({
      name: "ring-referrals",
      process: (job) => this.report(job.data.orderId, job.data.type),
    })
    for (const type of [
      OrderStateTransitionEvent,
      PaymentStateTransitionEvent,
      RefundEvent,
      RefundStateTransitionEvent,
    ]) {
      this.events.ofType(type as any).subscribe((event: any) => {
        void this.queue.add({ orderId: event.order.id, type: event.constructor.name }, { retries: RETRIES })
      })
    }
  }

  private async report(orderId: ID, type: string): Promise<void> {
    const ctx = await this.contexts.create({ apiType: "admin" })
    // Before the order is read: a change in between goes out once more with a later time.
    const createdAt = new Date().toISOString()
    const order = await this.orders.findOne(ctx, orderId, RELATIONS as any)
    if (!order || !order.orderPlacedAt) return
    const moneyPrecision = this.config.entityOptions.moneyStrategy.precision ?? 2
    await deliver(
      { url: process.env.RING_HOOK_URL!, secret: process.env.RING_HOOK_SECRET! },
      { type, createdAt, moneyPrecision, order: withoutAddresses(order) },
    )
  }
}

/** What the portal reads of an order: addresses and names stay in the shop. */
function withoutAddresses(order: any): Record<string, unknown> {
  const { id, code, state, updatedAt, orderPlacedAt, currencyCode, couponCodes, customFields, shippingWithTax } = order
  const { surcharges, payments, customer } = order
  return {
    ...{ id, code, state, updatedAt, orderPlacedAt, currencyCode, couponCodes, customFields, shippingWithTax },
    customer: customer && { id: customer.id, emailAddress: customer.emailAddress, user: customer.user && { id: customer.user.id } },
    surcharges: surcharges.map((surcharge: any) => ({ priceWithTax: surcharge.priceWithTax })),
    payments: payments.map((payment: any) => pick(payment, "id", "state", "amount", "updatedAt", "refunds")),
    lines: order.lines.map((line: any) => ({
      ...pick(line, "id", "quantity", "orderPlacedQuantity", "proratedUnitPrice", "proratedUnitPriceWithTax"),
      ...pick(line, "proratedLinePrice", "proratedLinePriceWithTax"),
      productVariant: pick(line.productVariant, "sku", "name"),
    })),
  }
}

function pick(from: any, ...names: string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, from[name]]))
}
