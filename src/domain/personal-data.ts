import type { Action } from './actions.ts'
import type { Caller, Visibility } from './call.ts'

interface Judge {
  visible(caller: Caller, action: Action): Promise<{ visible?: Visibility }>
}

/**
 * Whose personal data a caller sees as it is: everybody's, one person's, or nobody's (undefined). A person always sees
 * their own; everything else is policy's to say (`user:unmask`).
 */
export async function clearTo(policy: Judge, caller: Caller): Promise<Visibility | undefined> {
  const { visible } = await policy.visible(caller, 'user:unmask')
  if (visible?.all) return visible
  return isPerson(caller) ? { all: false, ownerId: caller.userId } : visible
}

export const isPerson = ({ agentId }: Caller) => agentId === undefined
