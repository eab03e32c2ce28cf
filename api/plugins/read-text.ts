/** The parts of a schema that say what a text stands for. */
export interface TextSchema {
  type?: string | string[]
  items?: TextSchema
  properties?: Record<string, TextSchema>
}

/** Decimal notation as JSON has it, without an exponent: not 0x10, 1e1, 010, +1 or nothing at all. */
const INTEGER = /^(?:0|-?[1-9]\d{0,15})$/
const NUMBER = /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?$/
const BOOLEANS = new Map([
  ['true', true],
  ['false', false],
])

/**
 * Makes what reads a value of a query or path as its schema means it.
 * @returns a function that gives numbers, booleans and lists; what cannot be read stays as it is, for validation to refuse
 */
export function readerOf(schema: TextSchema): (value: unknown) => unknown {
  const types = [schema.type].flat()
  const one = (value: unknown): unknown => {
    if (typeof value !== 'string') return value
    if (types.includes('integer') && INTEGER.test(value)) return Number(value)
    if (types.includes('number') && NUMBER.test(value)) return Number(value)
    if (types.includes('boolean')) return BOOLEANS.get(value) ?? value
    return value
  }
  if (!types.includes('array')) return one
  const item = readerOf(schema.items ?? {})
  return (value) => (Array.isArray(value) ? value : [value]).map(item)
}
