/** The tool's schemas, as the document of ../fixture has them. */
const item = {
  type: 'object',
  required: ['sku', 'quantity'],
  properties: { sku: { type: 'string' }, quantity: { type: 'integer' }, price: { type: 'number' } },
}

export const inputSchema = {
  type: 'object',
  required: ['orderId'],
  properties: {
    orderId: { type: 'string', minLength: 1, maxLength: 64, description: "The order's id." },
    expand: { type: 'string', enum: ['items', 'customer'], description: 'What is told in full.' },
  },
  additionalProperties: false,
} as const

export const outputSchema = {
  type: 'object',
  required: ['id', 'status', 'items', 'total'],
  properties: {
    id: { type: 'string' },
    status: { type: 'string', enum: ['placed', 'paid', 'shipped'] },
    total: { type: 'number' },
    currency: { type: 'string' },
    note: { type: ['string', 'null'] },
    createdAt: { type: 'string', format: 'date-time' },
    items: { type: 'array', items: item },
  },
} as const
