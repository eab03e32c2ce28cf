import { createProduct, getProduct, listProducts, updateProduct } from '../../../src/domain/products.ts'
import { newProduct, productResource } from '../../../src/domain/resources.ts'
import { operation } from '../../operation.ts'
import { NewProduct, Product, ProductChanges, ProductPage, ProductPath, ProductQuery } from './schemas.ts'

const product = {
  sku: 'LAMP-DESK-01',
  name: 'Desk lamp',
  description: 'A dimmable desk lamp of brushed steel.',
  price: { amount: 4995, currency: 'EUR' },
  stock: 42,
}
const example = {
  ...product,
  version: 7,
  createdAt: '2026-01-12T09:30:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
}

export const productOperations = [
  operation({
    method: 'GET',
    path: '/products',
    operationId: 'listProducts',
    tag: 'products',
    summary: 'Find products',
    description:
      'Lists products by their SKU, with price and stock. Use it to find the SKU that createOrder wants. With a SKU at ' +
      'hand, use getProductBySku.',
    action: 'product:read',
    cost: 3,
    risk: 'low',
    query: ProductQuery,
    example: { query: { search: 'lamp', limit: 20 } },
    on: 'list',
    success: {
      status: 200,
      description: 'A page of products.',
      schema: ProductPage,
      example: { items: [example], nextCursor: null },
    },
    errors: ['invalid-cursor'],
    handler: (call, { query }) => listProducts(call, query),
  }),
  operation({
    method: 'GET',
    path: '/products/:sku',
    operationId: 'getProductBySku',
    tag: 'products',
    summary: 'Read a product',
    description: 'Reads one product: price and stock as they are now. To find a product by name, use listProducts.',
    action: 'product:read',
    cost: 1,
    risk: 'low',
    params: ProductPath,
    example: { params: { sku: product.sku } },
    on: ({ db }, { params }) => productResource(db, params.sku),
    success: { status: 200, description: 'The product.', schema: Product, example },
    errors: ['product-not-found'],
    handler: (call, { params }) => getProduct(call, params.sku),
  }),
  operation({
    method: 'POST',
    path: '/products',
    operationId: 'createProduct',
    tag: 'products',
    summary: 'Create a product',
    description:
      'Adds a product that does not exist yet. To change price or stock of one that does, use updateProduct.',
    action: 'product:create',
    cost: 2,
    risk: 'medium',
    body: NewProduct,
    example: { body: product },
    on: newProduct,
    success: {
      status: 201,
      description: 'The new product.',
      schema: Product,
      example: { ...example, version: 1 },
      location: ({ sku }) => `/api/v1/products/${sku}`,
    },
    errors: ['sku-taken'],
    handler: (call, { body }) => createProduct(call, body),
  }),
  operation({
    method: 'PATCH',
    path: '/products/:sku',
    operationId: 'updateProduct',
    tag: 'products',
    summary: 'Change a product',
    description:
      'Changes the fields that you send and leaves the rest. Orders that are already placed keep their prices. Read the ' +
      'product first and send its ETag as If-Match; an order placed in between makes that ETag stale.',
    action: 'product:update',
    cost: 2,
    risk: 'medium',
    params: ProductPath,
    body: ProductChanges,
    example: { params: { sku: product.sku }, body: { price: { amount: 4495, currency: 'EUR' } } },
    ifMatch: true,
    on: ({ db }, { params }) => productResource(db, params.sku),
    before: (call, { params }) => getProduct(call, params.sku),
    success: { status: 200, description: 'The changed product.', schema: Product, example: { ...example, version: 8 } },
    errors: ['product-not-found'],
    handler: (call, { params, body, version }) => updateProduct(call, params.sku, body, version),
  }),
]
