import { type Static, Type } from '@sinclair/typebox'
import { Sku } from '../products/schemas.ts'
import {
  closed,
  freeText,
  Id,
  Money,
  nullable,
  oneOf,
  ownedBy,
  pageOf,
  pageQuery,
  ref,
  Time,
  Total,
  untrusted,
  Version,
} from '../schemas.ts'

const STATUSES = ['placed', 'fulfilled', 'cancelled'] as const

const quantity = Type.Integer({ minimum: 1, maximum: 1000, description: 'How many.' })
const note = Type.String({ minLength: 1, maxLength: 1000, description: 'A remark of the customer.', ...freeText })
const reason = Type.String({
  minLength: 1,
  maxLength: 500,
  description: 'Why the order is cancelled; kept in its timeline.',
  ...freeText,
})

const refundReason = Type.String({
  minLength: 1,
  maxLength: 500,
  description: 'Why money goes back; kept with the order.',
  ...freeText,
})

export const Order = Type.Object(
  {
    id: Id,
    userId: Type.String({ ...Id, description: 'Who ordered.' }),
    status: oneOf(STATUSES, { description: 'Where the order stands; only a placed one can change.' }),
    items: Type.Array(
      Type.Object({
        sku: Sku,
        name: Type.String({ description: 'The name at the time of the order.', ...untrusted }),
        quantity,
        unitPrice: ref(Money),
      }),
    ),
    total: ref(Total),
    refunded: Type.Unsafe<Static<typeof Total>>({ ...ref(Total), description: 'How much of the total went back.' }),
    refunds: Type.Array(
      Type.Object({
        amount: ref(Total),
        at: Time,
        by: Type.Object({
          userId: Type.String({ ...Id, description: 'Who did it.' }),
          agentId: nullable(Type.String(), 'The agent that did it for the person; null where the person did.'),
        }),
        reason: refundReason,
      }),
      { description: 'What went back, the oldest first.' },
    ),
    note: nullable(note),
    timeline: Type.Array(
      Type.Object({
        status: oneOf(STATUSES, { description: 'What the order became.' }),
        at: Time,
        by: Type.Object({
          userId: Type.String({ ...Id, description: 'Who did it.' }),
          agentId: nullable(Type.String(), 'The agent that did it for the person; null where the person did.'),
        }),
        reason: nullable(reason),
      }),
      { description: 'What happened, the oldest first.' },
    ),
    version: Version,
    createdAt: Time,
    updatedAt: Time,
  },
  {
    $id: 'Order',
    description: 'An order: what was bought at which price, and what became of it.',
    ...ownedBy('/userId'),
  },
)

export const NewOrder = closed(
  {
    userId: Type.Optional(Type.String({ ...Id, description: 'For whom; defaults to you.' })),
    items: Type.Array(closed({ sku: Sku, quantity }), {
      minItems: 1,
      maxItems: 50,
      description: 'What to order, each product once.',
    }),
    note: Type.Optional(note),
  },
  { $id: 'NewOrder', description: 'An order to place. The service knows the prices.' },
)

export const Cancellation = closed({ reason }, { $id: 'Cancellation', description: 'Why an order is cancelled.' })

export const NewRefund = closed(
  {
    amount: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000_000_000,
        description: "Minor units of the order's currency; leave it out to give back all that is left.",
      }),
    ),
    reason: refundReason,
  },
  { $id: 'NewRefund', description: 'Money to give back.' },
)

const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', maxLength: 35, description }))

export const OrderPage = pageOf(Order, 'OrderPage')
export const OrderPath = closed({ orderId: Id })
export const OrderQuery = closed({
  userId: Type.Optional(Type.String({ ...Id, description: 'Only orders of this user.' })),
  status: Type.Optional(oneOf(STATUSES, { description: 'Only orders with this status.' })),
  from: time('Only orders placed at this time or later, such as 2026-01-01T00:00:00Z.'),
  to: time('Only orders placed before this time.'),
  ...pageQuery,
})

export const orderSchemas = [Order, NewOrder, Cancellation, NewRefund, OrderPage]
