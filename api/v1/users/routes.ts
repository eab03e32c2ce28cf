import { deleteUser } from '../../../src/domain/closing-accounts.ts'
import { clearTo } from '../../../src/domain/personal-data.ts'
import { newUser, userResource } from '../../../src/domain/resources.ts'
import { createUser, getUser, listUsers, suspendUser, updateUser } from '../../../src/domain/users.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { type Operation, operation } from '../../operation.ts'
import { NewUser, User, UserChanges, UserPage, UserPath, UserQuery } from './schemas.ts'

const userId = '019a0000-0000-7000-8000-000000000004'

const example = {
  id: userId,
  username: 'ada_lovelace',
  email: 'ada@example.com',
  role: 'customer' as const,
  status: 'active' as const,
  profile: { fullName: 'Ada Lovelace', phone: '+442071234567' },
  preferences: {
    locale: 'en-GB',
    timeZone: 'Europe/London',
    contactChannel: 'email' as const,
    marketingConsent: false,
  },
  version: 3,
  createdAt: '2026-01-12T09:30:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
}

export const userOperations = (policy: Policy): Operation[] => [
  operation({
    method: 'POST',
    path: '/users',
    operationId: 'createUser',
    tag: 'users',
    summary: 'Create a user',
    description:
      'Creates an account for a person who has none. Administrators only. Look for the person with listUsers first: ' +
      'email addresses and user names are unique.',
    action: 'user:create',
    cost: 2,
    risk: 'medium',
    body: NewUser,
    example: {
      body: {
        email: 'ada@example.com',
        username: 'ada_lovelace',
        profile: { fullName: 'Ada Lovelace', phone: '+442071234567' },
        preferences: { locale: 'en-GB', timeZone: 'Europe/London' },
      },
    },
    on: newUser,
    success: {
      status: 201,
      description: 'The new user.',
      schema: User,
      example: { ...example, version: 1 },
      location: ({ id }) => `/api/v1/users/${id}`,
    },
    errors: ['people-only', 'email-taken', 'username-taken'],
    handler: (call, { body }) => createUser(call, body),
  }),
  operation({
    method: 'GET',
    path: '/users',
    operationId: 'listUsers',
    tag: 'users',
    summary: 'Find users',
    description:
      'Lists the users that you may see, the newest first; customers see themselves only. Use it to find a user id by ' +
      'part of the user name or by a whole email address; those who see personal data find parts of it as well. With an ' +
      'id at hand, use getUserById.',
    action: 'user:read',
    cost: 3,
    risk: 'low',
    query: UserQuery,
    example: { query: { search: 'lovelace', status: 'active', limit: 20 } },
    on: 'list',
    success: {
      status: 200,
      description: 'A page of users.',
      schema: UserPage,
      example: { items: [example], nextCursor: null },
    },
    errors: ['invalid-cursor'],
    handler: async (call, { query, visible }) => listUsers(call, query, visible, await clearTo(policy, call.caller)),
  }),
  operation({
    method: 'GET',
    path: '/users/:userId',
    operationId: 'getUserById',
    tag: 'users',
    summary: 'Read a user',
    description:
      'Reads one user: profile, account status, role and preferences. Use it before updateUser, which wants the ' +
      'version that you have read. To find a user by name, use listUsers.',
    action: 'user:read',
    cost: 1,
    risk: 'low',
    params: UserPath,
    example: { params: { userId } },
    on: ({ db }, { params }) => userResource(db, params.userId),
    success: { status: 200, description: 'The user.', schema: User, example },
    errors: ['user-not-found'],
    handler: (call, { params }) => getUser(call, params.userId),
  }),
  operation({
    method: 'PATCH',
    path: '/users/:userId',
    operationId: 'updateUser',
    tag: 'users',
    summary: 'Change a user',
    description:
      'Changes the fields that you send and leaves the rest. Everybody may change their own user name, profile and ' +
      'preferences; email address, role and status are for administrators. Read the user first and send its ETag as If-Match.',
    action: 'user:update',
    cost: 2,
    risk: 'medium',
    params: UserPath,
    body: UserChanges,
    example: { params: { userId }, body: { preferences: { contactChannel: 'email' } } },
    ifMatch: true,
    on: ({ db }, { params }) => userResource(db, params.userId),
    before: (call, { params }) => getUser(call, params.userId),
    success: { status: 200, description: 'The changed user.', schema: User, example: { ...example, version: 4 } },
    errors: ['people-only', 'user-not-found', 'user-closed', 'last-admin', 'email-taken', 'username-taken'],
    handler: (call, { params, body, version }) => updateUser(call, params.userId, body, version),
  }),
  operation({
    method: 'POST',
    path: '/users/:userId/suspend',
    operationId: 'suspendUser',
    tag: 'users',
    summary: 'Suspend a user',
    description:
      'Ends what an account may do, at once, until an administrator sets it active again. For managers (customers and ' +
      'support) and administrators. Use it against misuse. Suspending a suspended account changes nothing.',
    action: 'user:suspend',
    cost: 2,
    risk: 'high',
    params: UserPath,
    example: { params: { userId } },
    on: ({ db }, { params }) => userResource(db, params.userId),
    before: (call, { params }) => getUser(call, params.userId),
    success: {
      status: 200,
      description: 'The suspended user.',
      schema: User,
      example: { ...example, status: 'suspended' as const, version: 4 },
    },
    errors: ['user-not-found', 'user-closed', 'last-admin'],
    handler: (call, { params }) => suspendUser(call, params.userId),
  }),
  operation({
    method: 'DELETE',
    path: '/users/:userId',
    operationId: 'deleteUser',
    tag: 'users',
    summary: 'Close an account',
    description:
      'Closes an account for good: the personal fields are erased, the keys end, the orders stay. Administrators only, and ' +
      'always with the consent of another person. Read the user first and send its ETag as If-Match. To stop misuse, ' +
      'suspendUser is enough.',
    action: 'user:delete',
    cost: 5,
    risk: 'high',
    params: UserPath,
    example: { params: { userId } },
    ifMatch: true,
    on: ({ db }, { params }) => userResource(db, params.userId),
    before: (call, { params }) => getUser(call, params.userId),
    success: { status: 204, description: 'The account is closed.' },
    errors: ['user-not-found', 'user-closed', 'last-admin'],
    handler: (call, { params, version }) => deleteUser(call, params.userId, version),
  }),
]
