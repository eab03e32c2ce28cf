/** Every action that policy decides on. The Cedar schema declares the same list; the start fails where they differ. */
export const ACTIONS = [
  'caller:read',
  'user:read',
  'user:create',
  'user:update',
  'product:read',
  'product:create',
  'product:update',
  'order:read',
  'order:create',
  'order:cancel',
  'order:fulfil',
  'api-key:read',
  'api-key:create',
  'api-key:revoke',
] as const

export type Action = (typeof ACTIONS)[number]

/** What a key may be allowed: one action, or all of them. */
export const ALL_ACTIONS = '*'
export type Scope = Action | typeof ALL_ACTIONS
