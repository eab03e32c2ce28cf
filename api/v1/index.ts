import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { ACTIONS } from '../../src/domain/actions.ts'
import type { Services } from '../app.ts'
import { registerOpenApi } from '../openapi.ts'
import type { Operation } from '../operation.ts'
import { toRoute } from '../route.ts'
import { apiKeyOperations } from './api-keys/routes.ts'
import { apiKeySchemas } from './api-keys/schemas.ts'
import { meOperations } from './me/routes.ts'
import { meSchemas } from './me/schemas.ts'
import { orderOperations } from './orders/routes.ts'
import { orderSchemas } from './orders/schemas.ts'
import { productOperations } from './products/routes.ts'
import { productSchemas } from './products/schemas.ts'
import { Money, Problem, Total } from './schemas.ts'
import { userOperations } from './users/routes.ts'
import { userSchemas } from './users/schemas.ts'

/** The contract's own version: the major number is the one in the path. */
export const VERSION = '1.0.0'

const TAGS = [
  { name: 'me', description: 'Who is calling, and what the caller may do.' },
  { name: 'users', description: 'People: customers and staff.' },
  { name: 'products', description: 'What is sold, at what price, and how much of it there is.' },
  { name: 'orders', description: 'Who ordered what, and what became of it.' },
  { name: 'api-keys', description: 'Credentials of people and of the agents that act for them.' },
]

const SCHEMAS = [
  Money,
  Total,
  Problem,
  ...meSchemas,
  ...userSchemas,
  ...productSchemas,
  ...orderSchemas,
  ...apiKeySchemas,
]

/** Every operation of version 1, in the order of the document. */
export const v1Operations = ({ policy, apiKeys }: Pick<Services, 'policy' | 'apiKeys'>): Operation[] => [
  ...meOperations(policy),
  ...userOperations,
  ...productOperations,
  ...orderOperations,
  ...apiKeyOperations(apiKeys),
]

/** @throws Error when an operation names no action that policy knows: nothing is served without one */
export async function registerV1(app: FastifyInstance, services: Services): Promise<void> {
  const operations = v1Operations(services)
  for (const schema of SCHEMAS) app.addSchema(schema)
  await registerOpenApi(app, VERSION, TAGS, operations)
  const v1: FastifyPluginAsync = async (scope) => {
    scope.addHook('onRoute', ({ url, method, config }) => requireAction(url, method, config?.operation))
    for (const operation of operations) scope.route(toRoute(operation, services.storage))
  }
  await app.register(v1, { prefix: '/api/v1' })
  app.get('/api/v1/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

function requireAction(url: string, method: string | string[], operation: Operation | undefined): void {
  if (operation && ACTIONS.includes(operation.action)) return
  throw new Error(`The route ${method} ${url} has no action that policy could decide on. Declare it with operation().`)
}
