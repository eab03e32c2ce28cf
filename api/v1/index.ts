import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { ACTIONS } from '../../src/domain/actions.ts'
import type { Services } from '../app.ts'
import { registerOpenApi } from '../openapi.ts'
import type { Operation } from '../operation.ts'
import type { Disclosure } from '../plugins/disclosure.ts'
import { type Change, toRoute } from '../route.ts'
import { apiKeyOperations } from './api-keys/routes.ts'
import { apiKeySchemas } from './api-keys/schemas.ts'
import { approvalOperations } from './approvals/routes.ts'
import { approvalSchemas } from './approvals/schemas.ts'
import { auditOperations } from './audit/routes.ts'
import { auditSchemas } from './audit/schemas.ts'
import { channelOperations } from './channels/routes.ts'
import { channelSchemas } from './channels/schemas.ts'
import { deadLetterOperations } from './dead-letters/routes.ts'
import { deadLetterSchemas } from './dead-letters/schemas.ts'
import { meOperations } from './me/routes.ts'
import { meSchemas } from './me/schemas.ts'
import { messageOperations } from './messages/routes.ts'
import { messageSchemas } from './messages/schemas.ts'
import { orderOperations } from './orders/routes.ts'
import { orderSchemas } from './orders/schemas.ts'
import { productOperations } from './products/routes.ts'
import { productSchemas } from './products/schemas.ts'
import { reportOperations } from './reports/routes.ts'
import { reportSchemas } from './reports/schemas.ts'
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
  { name: 'channels', description: 'Where messages can go: inboxes, Slack channels and webhooks.' },
  { name: 'messages', description: 'What was sent to whom, and whether it arrived.' },
  { name: 'dead-letters', description: 'Messages that are not tried any more.' },
  { name: 'reports', description: 'Sales by day, product or customer, made in the background.' },
  { name: 'approvals', description: 'What waits for the consent of a person.' },
  { name: 'audit', description: 'Who did what, and what was refused, with proofs.' },
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
  ...channelSchemas,
  ...messageSchemas,
  ...deadLetterSchemas,
  ...approvalSchemas,
  ...reportSchemas,
  ...auditSchemas,
]

/** Every operation of version 1, in the order of the document. */
const v1Operations = ({
  policy,
  apiKeys,
  channels,
  findSeal,
  limits,
}: Pick<Services, 'policy' | 'apiKeys' | 'channels' | 'findSeal' | 'limits'>): Operation[] => [
  ...meOperations(policy),
  ...userOperations(policy),
  ...productOperations,
  ...orderOperations,
  ...apiKeyOperations(apiKeys),
  ...channelOperations(channels),
  ...messageOperations,
  ...deadLetterOperations,
  ...approvalOperations(policy),
  ...reportOperations(limits.settings.reportsPerDay),
  ...auditOperations(findSeal),
]

/** @throws Error when an operation names no action that policy knows: nothing is served without one */
export async function registerV1(
  app: FastifyInstance,
  services: Services,
  change: Change,
  disclosure: Disclosure,
): Promise<void> {
  const operations = v1Operations(services)
  for (const schema of SCHEMAS) app.addSchema(schema)
  await registerOpenApi(app, VERSION, TAGS, operations)
  const v1: FastifyPluginAsync = async (scope) => {
    scope.addHook('onRoute', ({ url, method, config }) => requireAction(url, method, config?.operation))
    for (const operation of operations) scope.route(toRoute(operation, services.storage, change, disclosure))
  }
  await app.register(v1, { prefix: '/api/v1' })
  app.get('/api/v1/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

function requireAction(url: string, method: string | string[], operation: Operation | undefined): void {
  if (operation && ACTIONS.includes(operation.action)) return
  throw new Error(`The route ${method} ${url} has no action that policy could decide on. Declare it with operation().`)
}
