import { cancelOrder, createOrder, fulfilOrder, getOrder, listOrders } from '../../../src/domain/orders.ts'
import { refundedAfter, refundOrder } from '../../../src/domain/refunds.ts'
import { newOwned, orderResource } from '../../../src/domain/resources.ts'
import { operation } from '../../operation.ts'
import { Cancellation, NewOrder, NewRefund, Order, OrderPage, OrderPath, OrderQuery } from './schemas.ts'

const orderId = '019a9f6c-1c2d-7e3f-8a4b-5c6d7e8f9a0b'
const userId = '019a0000-0000-7000-8000-000000000004'
const placed = {
  status: 'placed' as const,
  at: '2026-01-31T12:00:00.000Z',
  by: { userId, agentId: null },
  reason: null,
}

const example = {
  id: orderId,
  userId,
  status: 'placed' as const,
  items: [{ sku: 'LAMP-DESK-01', name: 'Desk lamp', quantity: 2, unitPrice: { amount: 4995, currency: 'EUR' } }],
  total: { amount: 9990, currency: 'EUR' },
  refunded: { amount: 0, currency: 'EUR' },
  refunds: [],
  note: 'Please ring twice.',
  timeline: [placed],
  version: 1,
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
}
const closedAs = (status: 'cancelled' | 'fulfilled', reason: string | null) => ({
  ...example,
  status,
  timeline: [
    placed,
    {
      status,
      at: '2026-01-31T12:05:00.000Z',
      by: { userId: '019a0000-0000-7000-8000-000000000003', agentId: 'support-copilot' },
      reason,
    },
  ],
  version: 2,
  updatedAt: '2026-01-31T12:05:00.000Z',
})

export const orderOperations = [
  operation({
    method: 'POST',
    path: '/orders',
    operationId: 'createOrder',
    tag: 'orders',
    summary: 'Place an order',
    description:
      'Orders products for you, or for the user you name if you may. The service sets the prices and reserves the stock: ' +
      'either the whole order is placed or nothing is. Find SKUs with listProducts. Not for changing an order: cancel it and place another.',
    action: 'order:create',
    cost: 5,
    risk: 'medium',
    body: NewOrder,
    example: { body: { items: [{ sku: 'LAMP-DESK-01', quantity: 2 }], note: 'Please ring twice.' } },
    on: ({ caller }, { body }) => newOwned('Order', caller, body.userId),
    success: {
      status: 201,
      description: 'The placed order.',
      schema: Order,
      example,
      location: ({ id }) => `/api/v1/orders/${id}`,
    },
    errors: ['user-not-found', 'user-not-active', 'unknown-product', 'insufficient-stock', 'currency-mismatch'],
    handler: (call, { body }) => createOrder(call, body),
  }),
  operation({
    method: 'GET',
    path: '/orders',
    operationId: 'listOrders',
    tag: 'orders',
    summary: 'Find orders',
    description:
      'Lists the orders that you may see, the newest first; customers see their own only. Use it to find an order by user, ' +
      'status or date. With an id at hand, use getOrderById.',
    action: 'order:read',
    cost: 3,
    risk: 'low',
    query: OrderQuery,
    example: { query: { status: 'placed', from: '2026-01-01T00:00:00Z', limit: 20 } },
    on: 'list',
    success: {
      status: 200,
      description: 'A page of orders.',
      schema: OrderPage,
      example: { items: [example], nextCursor: null },
    },
    errors: ['invalid-cursor'],
    handler: (call, { query, visible }) => listOrders(call, query, visible),
  }),
  operation({
    method: 'GET',
    path: '/orders/:orderId',
    operationId: 'getOrderById',
    tag: 'orders',
    summary: 'Read an order',
    description:
      'Reads one order with its items, prices and timeline. Use it before cancelOrder or fulfilOrder to see where the ' +
      'order stands. To find an order by user or date, use listOrders.',
    action: 'order:read',
    cost: 1,
    risk: 'low',
    params: OrderPath,
    example: { params: { orderId } },
    on: ({ db }, { params }) => orderResource(db, params.orderId),
    success: { status: 200, description: 'The order.', schema: Order, example },
    errors: ['order-not-found'],
    handler: (call, { params }) => getOrder(call, params.orderId),
  }),
  operation({
    method: 'POST',
    path: '/orders/:orderId/cancel',
    operationId: 'cancelOrder',
    tag: 'orders',
    summary: 'Cancel an order',
    description:
      'Cancels a placed order for good and puts its items back into stock. Use it only when the customer or your ' +
      'instructions ask for it, with the reason in their words. A fulfilled order cannot be cancelled.',
    action: 'order:cancel',
    cost: 2,
    risk: 'medium',
    params: OrderPath,
    body: Cancellation,
    example: { params: { orderId }, body: { reason: 'The customer ordered twice by mistake.' } },
    on: ({ db }, { params }) => orderResource(db, params.orderId),
    before: (call, { params }) => getOrder(call, params.orderId),
    success: {
      status: 200,
      description: 'The cancelled order.',
      schema: Order,
      example: closedAs('cancelled', 'The customer ordered twice by mistake.'),
    },
    errors: ['order-not-found', 'order-not-open'],
    handler: (call, { params, body }) => cancelOrder(call, params.orderId, body.reason),
  }),
  operation({
    method: 'POST',
    path: '/orders/:orderId/fulfil',
    operationId: 'fulfilOrder',
    tag: 'orders',
    summary: 'Mark an order as fulfilled',
    description:
      'Marks a placed order as handed over to the customer. Staff only. Use it when the goods have left, not before: ' +
      'a fulfilled order cannot be cancelled.',
    action: 'order:fulfil',
    cost: 2,
    risk: 'medium',
    params: OrderPath,
    example: { params: { orderId } },
    on: ({ db }, { params }) => orderResource(db, params.orderId),
    before: (call, { params }) => getOrder(call, params.orderId),
    success: {
      status: 200,
      description: 'The fulfilled order.',
      schema: Order,
      example: closedAs('fulfilled', null),
    },
    errors: ['order-not-found', 'order-not-open'],
    handler: (call, { params }) => fulfilOrder(call, params.orderId),
  }),
  operation({
    method: 'POST',
    path: '/orders/:orderId/refund',
    operationId: 'refundOrder',
    tag: 'orders',
    summary: 'Refund an order',
    description:
      'Gives money back, in part or all that is left of what was paid. Staff only. More than 100.00 of an order, also ' +
      'in parts, waits for the consent of another person. Use it only when the customer or your instructions ask for it. It does not cancel the order.',
    action: 'order:refund',
    cost: 3,
    risk: 'medium',
    params: OrderPath,
    body: NewRefund,
    example: { params: { orderId }, body: { amount: 4995, reason: 'One of the two lamps arrived broken.' } },
    on: ({ db }, { params }) => orderResource(db, params.orderId),
    facts: async ({ sql }, { params, body }, lock) => ({
      amount: await refundedAfter(sql, params.orderId, body.amount, lock),
    }),
    before: (call, { params }) => getOrder(call, params.orderId),
    success: {
      status: 200,
      description: 'The order with the refund.',
      schema: Order,
      example: {
        ...example,
        refunded: { amount: 4995, currency: 'EUR' },
        refunds: [
          {
            amount: { amount: 4995, currency: 'EUR' },
            at: '2026-01-31T12:05:00.000Z',
            by: { userId: '019a0000-0000-7000-8000-000000000003', agentId: 'support-copilot' },
            reason: 'One of the two lamps arrived broken.',
          },
        ],
        version: 2,
        updatedAt: '2026-01-31T12:05:00.000Z',
      },
    },
    errors: ['order-not-found', 'refund-too-large'],
    handler: (call, { params, body }) => refundOrder(call, params.orderId, body),
  }),
]
