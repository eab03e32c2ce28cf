import { ConfigError } from '../../errors.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { eachSchema } from './schemas.ts'

const KEYWORD = 'x-mcp-header'
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/
const TYPES = new Set<Json | undefined>(['string', 'integer', 'boolean'])

/** Whether the keyword is anywhere in it. */
function isMarked(schema: Json): boolean {
  if (!isObject(schema)) return false
  if (Object.hasOwn(schema, KEYWORD)) return true
  let found = false
  eachSchema(schema, (child) => {
    found ||= isMarked(child)
  })
  return found
}

/**
 * Checks `x-mcp-header` (MCP 2026-07-28, Streamable HTTP, custom headers; SEP-2243): the name is a token, unlike all
 * others in any case, and stands at a string, integer or boolean that is reached through `properties` alone. Clients drop
 * a tool that breaks this, so it is refused here. Throws ConfigError.
 */
export function checkMirrored(schema: JsonObject): void {
  const names = new Set<string>()
  const refuse = (path: string[], rule: string): never => {
    throw new ConfigError(`"${path.join('.')}" ${KEYWORD} ${rule}`)
  }
  const visit = (child: Json, path: string[]) => {
    if (!isObject(child)) return
    if (Object.hasOwn(child, KEYWORD)) {
      const name = child[KEYWORD]
      if (typeof name !== 'string' || !TOKEN.test(name)) return refuse(path, 'must be a header name (RFC 9110 token)')
      if (!TYPES.has(child.type)) return refuse(path, 'is for values of type string, integer or boolean')
      if (names.has(name.toLowerCase())) return refuse(path, `"${name}" is given twice`)
      names.add(name.toLowerCase())
    }
    const { properties, ...others } = child
    if (isObject(properties)) for (const [name, each] of Object.entries(properties)) visit(each, [...path, name])
    eachSchema(others, (each) => {
      if (isMarked(each)) refuse(path, 'must be reached through properties alone, not through lists or references')
    })
  }
  visit(schema, [])
}
