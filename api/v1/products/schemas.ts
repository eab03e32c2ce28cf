import { Type } from '@sinclair/typebox'
import { closed, Money, pageOf, pageQuery, ref, search, Time, untrusted, Version } from '../schemas.ts'

export const Sku = Type.String({
  pattern: '^[A-Z0-9][A-Z0-9-]{1,31}$',
  maxLength: 32,
  description: 'Names the product for good: capital letters, digits and hyphens.',
})
const name = Type.String({ minLength: 1, maxLength: 200, description: 'The name of the product.', ...untrusted })
const description = Type.String({ maxLength: 2000, description: 'What the product is.', ...untrusted })
const stock = Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'How many can be ordered.' })
const fields = { name, description, price: ref(Money), stock }

export const Product = Type.Object(
  // Cancelled orders may put more back than the most that can be set.
  {
    sku: Sku,
    ...fields,
    stock: Type.Integer({ minimum: 0, description: stock.description as string }),
    version: Version,
    createdAt: Time,
    updatedAt: Time,
  },
  { $id: 'Product', description: 'Something that can be ordered.' },
)

export const NewProduct = closed({ sku: Sku, ...fields }, { $id: 'NewProduct', description: 'A product to create.' })

export const ProductChanges = closed(
  {
    name: Type.Optional(name),
    description: Type.Optional(description),
    price: Type.Optional(ref(Money)),
    stock: Type.Optional(stock),
  },
  { $id: 'ProductChanges', minProperties: 1, description: 'What to change; the rest stays as it is.' },
)

export const ProductPage = pageOf(Product, 'ProductPage')
export const ProductPath = closed({ sku: Sku })
export const ProductQuery = closed({ search: search('SKU, name or description'), ...pageQuery })

export const productSchemas = [Product, NewProduct, ProductChanges, ProductPage]
