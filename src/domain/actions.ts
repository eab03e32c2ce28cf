/** Every action that policy decides on. The Cedar schema declares the same list; the start fails where they differ. */
export const ACTIONS = [
  'caller:read',
  'user:read',
  'user:unmask',
  'user:create',
  'user:update',
  'user:suspend',
  'user:delete',
  'product:read',
  'product:create',
  'product:update',
  'order:read',
  'order:create',
  'order:cancel',
  'order:fulfil',
  'order:refund',
  'api-key:read',
  'api-key:create',
  'api-key:revoke',
  'channel:read',
  'channel:manage',
  'message:read',
  'message:send',
  'dead-letter:read',
  'dead-letter:retry',
  'report:read',
  'report:create',
  'report:cancel',
  'approval:read',
  'approval:approve',
  'approval:deny',
  'approval:cancel',
  'audit:read',
  'policy:evaluate',
] as const

export type Action = (typeof ACTIONS)[number]

/** What a key may be allowed: one action, or all of them. */
export const ALL_ACTIONS = '*'
export type Scope = Action | typeof ALL_ACTIONS
