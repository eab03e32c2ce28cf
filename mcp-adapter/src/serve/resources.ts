import { ProtocolError, ProtocolErrorCode, ResourceNotFoundError } from '@modelcontextprotocol/server'
import { callUri, parseUri } from '../results/resources.ts'
import type { CallResult } from '../results/result.ts'
import { type Asked, callTool, catalogFor } from './requests.ts'
import type { Services, Session } from './server.ts'

type Contents = { uri: string; mimeType?: string } & ({ text: string } | { blob: string })

/** Why a call failed, as an error of the protocol: a resource has no other way to say so. */
function failureOf({ content }: CallResult): ProtocolError {
  const [line] = content
  return new ProtocolError(ProtocolErrorCode.InternalError, line?.type === 'text' ? line.text : 'It cannot be read.')
}

async function readAgain(
  services: Services,
  session: Session,
  asked: Asked,
  uri: string,
  { name, args }: Extract<ReturnType<typeof parseUri>, { name: string }>,
): Promise<Contents> {
  const tool = catalogFor(services, session).byName.get(name)
  // Only what a result may lead to: a link must never be a way to change something.
  if (!tool || callUri(tool, args) === undefined) throw new ResourceNotFoundError(uri)
  let result: Awaited<ReturnType<typeof callTool>>
  try {
    result = await callTool(services, session, { ...asked, canAsk: false }, { name, args, whole: true })
  } catch (error) {
    // A tool that the caller does not see is no more there than one that does not exist.
    if (error instanceof ProtocolError && !asked.signal.aborted) throw new ResourceNotFoundError(uri)
    throw error
  }
  const { content, isError } = result as CallResult
  const [found] = content
  if (isError || found?.type !== 'resource') throw failureOf(result as CallResult)
  return { ...found.resource, uri }
}

/**
 * What `resources/read` answers: the answer of the same call, made again with the reader's own credential and rights, or
 * what was kept for this owner. Throws ResourceNotFoundError for everything else, ProtocolError when the call fails.
 */
export async function readResource(
  services: Services,
  session: Session,
  asked: Asked,
  uri: string,
): Promise<{ contents: Contents[] }> {
  const reference = parseUri(uri)
  if (!reference) throw new ResourceNotFoundError(uri)
  if ('name' in reference) return { contents: [await readAgain(services, session, asked, uri, reference)] }
  const kept = services.kept.get(session.identity.owner, reference.id)
  if (!kept) throw new ResourceNotFoundError(uri)
  return { contents: [{ uri, mimeType: kept.mimeType, blob: kept.body.toString('base64') }] }
}
