import { createApiKey, findApiKey, listApiKeys, presentApiKey, revokeApiKey } from '../../../src/domain/api-keys.ts'
import { apiKeyResource, newOwned } from '../../../src/domain/resources.ts'
import type { ApiKeys } from '../../../src/identity/api-keys.ts'
import { type Operation, operation } from '../../operation.ts'
import { ApiKeyPage, ApiKeyPath, ApiKeyQuery, CreatedApiKey, NewApiKey } from './schemas.ts'

const keyId = 'k3v9x2m7q1w8e5r4t6y0u3i9'
const example = {
  id: keyId,
  name: 'Support copilot',
  userId: '019a0000-0000-7000-8000-000000000003',
  agentId: 'support-copilot',
  scopes: ['caller:read' as const, 'order:read' as const, 'order:cancel' as const],
  createdBy: '019a0000-0000-7000-8000-000000000003',
  createdAt: '2026-01-31T12:00:00.000Z',
  expiresAt: '2026-05-01T12:00:00.000Z',
  revokedAt: null,
}

export const apiKeyOperations = (apiKeys: ApiKeys): Operation[] => [
  operation({
    method: 'POST',
    path: '/api-keys',
    operationId: 'createApiKey',
    tag: 'api-keys',
    summary: 'Make an API key',
    description:
      'Makes a key for you, or for an agent that is to act for you: name the agent, and only the scopes it needs. The ' +
      'key is in this answer and never again. People only: an agent cannot make keys.',
    action: 'api-key:create',
    cost: 5,
    risk: 'high',
    body: NewApiKey,
    example: {
      body: {
        name: 'Support copilot',
        agentId: 'support-copilot',
        scopes: ['caller:read', 'order:read', 'order:cancel'],
      },
    },
    on: ({ caller }, { body }) => newOwned('ApiKey', caller, body.userId),
    requestedScopes: ({ scopes }) => scopes,
    // The key of a dry run would open nothing.
    preview: ({ key: _, ...shown }) => shown,
    success: {
      status: 201,
      description: 'The new key, with its text.',
      schema: CreatedApiKey,
      example: { ...example, key: `hr_${keyId}_<secret>` },
    },
    errors: ['people-only', 'scope-not-held', 'user-not-found', 'user-not-active'],
    handler: (call, { body }) => createApiKey(call, body, apiKeys.mint),
  }),
  operation({
    method: 'GET',
    path: '/api-keys',
    operationId: 'listApiKeys',
    tag: 'api-keys',
    summary: 'List API keys',
    description:
      'Lists the keys that you may see, without their secrets; everybody but administrators sees their own only.',
    action: 'api-key:read',
    cost: 3,
    risk: 'low',
    query: ApiKeyQuery,
    on: 'list',
    success: {
      status: 200,
      description: 'A page of keys.',
      schema: ApiKeyPage,
      example: { items: [example], nextCursor: null },
    },
    errors: ['invalid-cursor'],
    handler: (call, { query, visible }) => listApiKeys(call, query, visible),
  }),
  operation({
    method: 'DELETE',
    path: '/api-keys/:keyId',
    operationId: 'revokeApiKey',
    tag: 'api-keys',
    summary: 'Revoke an API key',
    description: 'Ends a key for good, at once. Revoking a key again changes nothing. People only.',
    action: 'api-key:revoke',
    cost: 2,
    risk: 'high',
    params: ApiKeyPath,
    example: { params: { keyId } },
    on: ({ db }, { params }) => apiKeyResource(db, params.keyId),
    success: { status: 204, description: 'The key is revoked.' },
    errors: ['people-only', 'api-key-not-found'],
    before: async ({ db }, { params }) => presentApiKey(await findApiKey(db, params.keyId)),
    handler: async (call, { params }) => void (await revokeApiKey(call, params.keyId)),
  }),
]
