import { isObject, type Json, type JsonObject } from '../json.ts'

/** The kinds of objects of an OpenAPI document (OpenAPI 3.2, section 4; Swagger 2.0 shares them). */
export type Kind =
  | 'document'
  | 'components'
  | 'pathItem'
  | 'operation'
  | 'parameter'
  | 'requestBody'
  | 'response'
  | 'header'
  | 'mediaType'
  | 'encoding'
  | 'example'
  | 'schema'

type Form = 'one' | 'list' | 'map' | 'fields'
type Member = [form: Form, kind: Kind]

/** `fields`: a map whose `x-` members are extensions and no entries. */
const operations = Object.fromEntries(
  ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'].map((method): [string, Member] => [
    method,
    ['one', 'operation'],
  ]),
)
const schemaOnes =
  'items additionalProperties additionalItems not if then else contains propertyNames unevaluatedProperties unevaluatedItems contentSchema'
const schemaMaps = 'properties patternProperties dependentSchemas $defs definitions'

/** Callbacks, links and webhooks are no operations of the API: nothing is read in them. */
const MEMBERS: Record<Kind, Record<string, Member>> = {
  document: {
    paths: ['fields', 'pathItem'],
    components: ['one', 'components'],
    definitions: ['map', 'schema'],
    parameters: ['map', 'parameter'],
    responses: ['map', 'response'],
  },
  components: {
    schemas: ['map', 'schema'],
    responses: ['map', 'response'],
    parameters: ['map', 'parameter'],
    requestBodies: ['map', 'requestBody'],
    headers: ['map', 'header'],
    examples: ['map', 'example'],
    pathItems: ['map', 'pathItem'],
    mediaTypes: ['map', 'mediaType'],
  },
  pathItem: { ...operations, parameters: ['list', 'parameter'], additionalOperations: ['map', 'operation'] },
  operation: {
    parameters: ['list', 'parameter'],
    requestBody: ['one', 'requestBody'],
    responses: ['fields', 'response'],
  },
  parameter: { schema: ['one', 'schema'], content: ['map', 'mediaType'], examples: ['map', 'example'] },
  header: { schema: ['one', 'schema'], content: ['map', 'mediaType'], examples: ['map', 'example'] },
  requestBody: { content: ['map', 'mediaType'] },
  response: { content: ['map', 'mediaType'], headers: ['map', 'header'], schema: ['one', 'schema'] },
  mediaType: {
    schema: ['one', 'schema'],
    itemSchema: ['one', 'schema'],
    encoding: ['map', 'encoding'],
    itemEncoding: ['one', 'encoding'],
    prefixEncoding: ['list', 'encoding'],
    examples: ['map', 'example'],
  },
  encoding: { headers: ['map', 'header'], encoding: ['map', 'encoding'] },
  example: {},
  schema: {
    ...Object.fromEntries(schemaOnes.split(' ').map((name): [string, Member] => [name, ['one', 'schema']])),
    ...Object.fromEntries(
      ['allOf', 'anyOf', 'oneOf', 'prefixItems'].map((name): [string, Member] => [name, ['list', 'schema']]),
    ),
    ...Object.fromEntries(schemaMaps.split(' ').map((name): [string, Member] => [name, ['map', 'schema']])),
  },
}

const TABLE = new Map(
  Object.entries(MEMBERS).map(([kind, members]): [string, Map<string, Member>] => [
    kind,
    new Map(Object.entries(members)),
  ]),
)

/**
 * Visits every object that the specification defines, parents first, each once; values (examples, defaults,
 * extensions) are not visited. `enter` may change the object. `seen` may be shared by several walks.
 */
export function walk(
  value: Json | undefined,
  kind: Kind,
  enter: (node: JsonObject, kind: Kind) => void,
  seen: Set<object> = new Set(),
): void {
  if (!isObject(value) || seen.has(value)) return
  seen.add(value)
  enter(value, kind)
  const members = TABLE.get(kind) as Map<string, Member>
  for (const name of Object.keys(value)) {
    const member = members.get(name)
    if (!member) continue
    const [form, child] = member
    const held = value[name]
    // A list where one schema is meant is the array form of draft 4.
    if (Array.isArray(held)) {
      if (form === 'list' || form === 'one') for (const each of held) walk(each, child, enter, seen)
    } else if (form === 'one') walk(held, child, enter, seen)
    else if (form !== 'list' && isObject(held)) {
      for (const key of Object.keys(held)) {
        if (form === 'map' || !key.startsWith('x-')) walk(held[key], child, enter, seen)
      }
    }
  }
}
