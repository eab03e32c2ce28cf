import { type Static, Type } from '@sinclair/typebox'
import { ACTIONS, ALL_ACTIONS } from '../../../src/domain/actions.ts'
import { closed, freeText, Id, nullable, oneOf, ownedBy, pageOf, pageQuery, Time } from '../schemas.ts'

const KeyId = Type.String({ pattern: '^[a-z0-9]{24}$', maxLength: 24, description: 'The public part of the key.' })
const name = Type.String({ minLength: 1, maxLength: 100, description: 'What the key is for, in words.', ...freeText })
const agentId = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{2,63}$',
  maxLength: 64,
  description: 'Names the agent that acts for the user with this key.',
})
const scope = oneOf([...ACTIONS, ALL_ACTIONS], { description: 'An action that the key allows; "*" stands for all.' })

const shown = {
  id: KeyId,
  name,
  userId: Type.String({ ...Id, description: 'For whom the key stands.' }),
  agentId: nullable(agentId, 'The agent that uses the key; null for the key of a person.'),
  scopes: Type.Array(scope),
  createdBy: Type.String({ ...Id, description: 'Who made the key.' }),
  createdAt: Time,
  expiresAt: Time,
  revokedAt: nullable(Time, 'When the key was revoked; null while it was not.'),
}

export const ApiKey = Type.Object(shown, {
  $id: 'ApiKey',
  description: 'A key, without its secret.',
  ...ownedBy('/userId'),
})

export const CreatedApiKey = Type.Object(
  { ...shown, key: Type.String({ description: 'The key itself. It is shown this once; keep it safe.' }) },
  { $id: 'CreatedApiKey', description: 'A new key, with the text to send as a bearer token.', ...ownedBy('/userId') },
)

export const NewApiKey = closed(
  {
    name,
    userId: Type.Optional(Type.String({ ...Id, description: 'For whom the key stands; defaults to you.' })),
    agentId: Type.Optional(agentId),
    scopes: Type.Array(scope, { minItems: 1, maxItems: 50, uniqueItems: true, description: 'What the key allows.' }),
    expiresAt: Type.Optional(
      Type.String({
        format: 'date-time',
        maxLength: 35,
        description: 'Defaults to 90 days from now; 366 at the most.',
      }),
    ),
  },
  { $id: 'NewApiKey', description: 'A key to make.' },
)
export type NewApiKey = Static<typeof NewApiKey>

export const ApiKeyPage = pageOf(ApiKey, 'ApiKeyPage')
export const ApiKeyPath = closed({ keyId: KeyId })
export const ApiKeyQuery = closed(pageQuery)

export const apiKeySchemas = [ApiKey, CreatedApiKey, NewApiKey, ApiKeyPage]
