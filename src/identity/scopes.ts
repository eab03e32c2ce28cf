import { ACTIONS, type Action, type Scope } from '../domain/actions.ts'

type ScopeMap = Record<string, Scope[]>

const OURS = new Set<string>(ACTIONS)

/**
 * What the scopes of a token allow here: those that are actions, and what the others are configured to mean. `*` counts
 * only where it is configured, however a provider came to grant it; what means nothing here is left out.
 */
export function toActions(scopes: string[], map: ScopeMap): Scope[] {
  const allowed = scopes.flatMap((name): Scope[] => {
    const meant = Object.hasOwn(map, name) ? map[name] : undefined
    return meant ?? (OURS.has(name) ? [name as Action] : [])
  })
  return [...new Set(allowed)]
}

/** @returns what to ask the provider for, to be allowed an action: the configured scope that gives away least, or ours */
export function toScope(action: Action, map: ScopeMap): string {
  const fitting = Object.entries(map).filter(([, actions]) => actions.includes(action))
  const [least] = fitting.sort(([, a], [, b]) => a.length - b.length)
  return least?.[0] ?? action
}
