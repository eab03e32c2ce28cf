import fc from 'fast-check'

/** JSON Schema, as far as the published document uses it. */
export interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  format?: string
  pattern?: string
  minimum?: number
  maximum?: number
  minItems?: number
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
}

/** What parsers, databases, templates and shells have been hurt with. */
const HOSTILE_TEXTS = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\udc00x',
  '\u202Eevil\u202C',
  '\u{E0041}\u{E0042}',
  '\u200b\u2060\ufeff',
  'e\u0301'.repeat(50),
  '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}',
  '../../../etc/passwd',
  '%2e%2e%2f%00',
  "'; DROP TABLE users; --",
  '" OR 1=1 --',
  ['$', '{jndi:ldap://127.0.0.1/a}'].join(''),
  '{{7*7}}<%= 7*7 %>',
  '<script>alert(1)</script>',
  '=HYPERLINK("http://x")',
  'a\r\nSet-Cookie: x=1',
  '\\u0000',
  '__proto__',
  'constructor',
  '-1',
  '0x10',
  '1e1000',
  '00000000-0000-0000-0000-000000000000',
  '9'.repeat(400),
  'a'.repeat(5000),
  '2026-02-30T25:61:61Z',
  '0000-00-00T00:00:00Z',
  '+999999-01-01T00:00:00Z',
]

const HOSTILE_VALUES: unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  5e-324,
  [],
  {},
  [[]],
  [null],
  ['a', 'a'],
  { $ref: '#' },
  { toString: 1 },
]

const hostile = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS),
  fc.constantFrom(...HOSTILE_VALUES),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(fc.constantFrom(...HOSTILE_TEXTS), { maxLength: 40 }),
  fc.jsonValue({ maxDepth: 4 }),
)
/** As text: for a path, a query or a header. */
export const hostileText = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.integer().map(String),
)

const FORMATS: Record<string, fc.Arbitrary<unknown>> = {
  uuid: fc.uuid(),
  email: fc.emailAddress(),
  'date-time': fc.date({ noInvalidDate: true }).map((date) => date.toJSON()),
  uri: fc.webUrl(),
}

/** Values that mostly keep a schema. @param known values that exist, by the name of their field or its format */
export function keeping(
  schema: Schema,
  root: object,
  known: Record<string, unknown[]>,
  name = '',
): fc.Arbitrary<unknown> {
  if (schema.$ref) return keeping(lookUp(root, schema.$ref), root, known, name)
  const found = known[name] ?? (schema.format ? known[schema.format] : undefined)
  if (found) return fc.constantFrom(...found)
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  const branches = schema.anyOf ?? schema.oneOf ?? schema.allOf
  if (branches) return fc.oneof(...branches.map((each) => keeping(each, root, known, name)))
  const types = [schema.type ?? 'object'].flat()
  return fc.oneof(...types.map((type) => ofType(type, schema, root, known)))
}

function ofType(type: string, schema: Schema, root: object, known: Record<string, unknown[]>): fc.Arbitrary<unknown> {
  switch (type) {
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    case 'integer':
    case 'number':
      return fc.integer({
        min: schema.minimum ?? 0,
        max: Math.min(schema.maximum ?? 1000, (schema.minimum ?? 0) + 1000),
      })
    case 'array':
      return fc.array(keeping(schema.items ?? {}, root, known), { minLength: schema.minItems ?? 0, maxLength: 3 })
    case 'object': {
      const fields = Object.entries(schema.properties ?? {})
      const made = Object.fromEntries(fields.map(([field, of]) => [field, keeping(of, root, known, field)]))
      return fc.record(made, { requiredKeys: schema.required ?? [] })
    }
    default:
      if (schema.format && FORMATS[schema.format]) return FORMATS[schema.format] as fc.Arbitrary<unknown>
      return schema.pattern ? fc.stringMatching(new RegExp(schema.pattern)) : fc.string({ minLength: 1, maxLength: 20 })
  }
}

function lookUp(root: object, ref: string): Schema {
  let value: unknown = root
  for (const step of ref.slice(2).split('/')) value = (value as Record<string, unknown>)[decodeURIComponent(step)]
  return value as Schema
}

/** Spoils a value in one place: something hostile in the place of a part, a part too many, or one too few. */
export function spoiled(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const field = fc.constantFrom('__proto__', 'constructor', 'isAdmin', 'role', '', 'ID', 'a~/b')
  return fc
    .tuple(values, fc.nat(), hostile, fc.constantFrom('replace', 'add', 'remove'), field)
    .map(([value, at, bad, how, name]) => spoil(structuredClone(value), at, bad, how, name))
}

function spoil(value: unknown, at: number, bad: unknown, how: string, name: string): unknown {
  if (typeof value !== 'object' || value === null) return bad
  const places: [Record<string, unknown>, string][] = []
  const visit = (parent: Record<string, unknown>) => {
    for (const [key, each] of Object.entries(parent)) {
      places.push([parent, key])
      if (typeof each === 'object' && each !== null) visit(each as Record<string, unknown>)
    }
  }
  visit(value as Record<string, unknown>)
  const [parent, key] = places[at % Math.max(1, places.length)] ?? []
  if (!parent || key === undefined) return how === 'remove' ? undefined : bad
  if (how === 'remove') delete parent[key]
  // As a field of its own: plain assignment would change the prototype of the object here, and send nothing.
  else if (how === 'add') Object.defineProperty(parent, name, { value: bad, enumerable: true, configurable: true })
  else parent[key] = bad
  return value
}

/** Texts that are no JSON, or JSON that nobody expects. @param text is JSON */
export const brokenJson = (text: fc.Arbitrary<string>): fc.Arbitrary<string | Buffer> =>
  fc.tuple(text, fc.nat(12), fc.nat()).map(([json, how, at]): string | Buffer => {
    const ways: (() => string | Buffer)[] = [
      () => json.slice(0, at % Math.max(1, json.length)),
      () => `${json}x`,
      () => `\ufeff${json}`,
      () => Buffer.from(json, 'utf16le'),
      () => Buffer.concat([Buffer.from(json), Buffer.from([0xff, 0xfe, 0xc0])]),
      () => '',
      () => json.replaceAll('"', "'"),
      () => `/* */${json}`,
      () => '['.repeat(20_000),
      () => `{"a":`.repeat(5000),
      () => `[1e999999, -1e-999999, ${'9'.repeat(5000)}]`,
      () => json.replace(/^\{/, '{"items":1,"items":[],"__proto__":{"x":1},'),
      () => `"${'a'.repeat(300_000)}"`,
    ]
    return (ways[how] as () => string | Buffer)()
  })
