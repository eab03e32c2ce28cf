import type { Answer } from '../backend/backend.ts'
import type { JsonObject } from '../json.ts'
import type { Binding } from '../tools/bindings.ts'
import type { Tool } from '../tools/tools.ts'

/** What a model is told beside the data: how to repeat a call, and what an approval is waited for. */

const nameOf = (binding: Binding | undefined, otherwise: string) => binding?.argument.join('.') ?? otherwise

/** The argument that takes the key back, as the model knows it. */
export const keyArgument = (tool: Tool) => nameOf(tool.input.roles.key, 'idempotency_key')

/** Only what looks like an id or a time is quoted from an answer: the line is the adapter's own word. */
export const plain = (value: unknown) =>
  typeof value === 'string' && /^[\w:.+-]{1,64}$/.test(value) ? value : undefined

/** How to repeat a call that went through, and whether it had before. */
export function keyNote(tool: Tool, answer: Answer, key: string): string {
  const before = /^true$/i.test(answer.headers['idempotent-replayed'] ?? '')
    ? 'This is the answer to the first call with this key; nothing was done again. '
    : ''
  return `${before}${keyArgument(tool)}: ${key} (to repeat this call, give it with the same arguments: nothing is done twice).`
}

/** What to do about a call that waits for a person. */
export function approvalNote(tool: Tool, approval: JsonObject, key: string | undefined, readTool?: string): string {
  const id = plain(approval.id)
  const until = plain(approval.expiresAt)
  const again = [
    `${nameOf(tool.input.roles.approval, 'approval_id')}=${id ?? 'its id'}`,
    ...(key === undefined ? [] : [`${keyArgument(tool)}=${key}`]),
  ].join(' and ')
  return [
    `Nothing was done yet: this waits for a person's approval${until === undefined ? '' : `, until ${until} at the latest`}.`,
    'Tell the person you act for, and do not repeat the call in a loop.',
    ...(readTool === undefined ? [] : [`Look later with ${readTool}${id === undefined ? '' : ` (${id})`}.`]),
    `Once its status is approved, call ${tool.name} with the same arguments and ${again}.`,
  ].join(' ')
}

/** The hint of an outcome that is not known, when the same call may be sent again with its key. */
export const repeatHint = (argument: string, key: string) =>
  `Call again with the same arguments and ${argument} "${key}": nothing is done twice.`
