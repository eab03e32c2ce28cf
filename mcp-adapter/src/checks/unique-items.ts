import type { Ajv2020 } from 'ajv/dist/2020.js'
import { isObject, type Json } from '../json.ts'

/** Equal values have equal texts: members are sorted. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name] as Json)}`).join(',')}}`
}

/** The indexes of two equal items, the later one first. */
function equalItems(items: readonly Json[]): [number, number] | undefined {
  const seen = new Map<string, number>()
  for (const [index, item] of items.entries()) {
    const text = canonical(item)
    const before = seen.get(text)
    if (before !== undefined) return [index, before]
    seen.set(text, index)
  }
  return undefined
}

interface Judge {
  (isWanted: boolean, items: Json[]): boolean
  errors?: object[]
}

/** `uniqueItems` in time that grows with the list; the library's own compares each item with each. */
export function useFastUniqueItems(ajv: Ajv2020): void {
  const validate: Judge = (isWanted, items) => {
    const equal = isWanted ? equalItems(items) : undefined
    if (!equal) return true
    const [i, j] = equal
    const message = `must NOT have duplicate items (items ## ${j} and ${i} are identical)`
    validate.errors = [{ keyword: 'uniqueItems', params: { i, j }, message }]
    return false
  }
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({ keyword: 'uniqueItems', type: 'array', schemaType: 'boolean', validate, errors: 'full' })
}
