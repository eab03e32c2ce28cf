import { isObject, type Json, type JsonObject } from '../json.ts'
import { mapSchemas } from '../tools/inputs/schemas.ts'
import { conjunction, oneObject } from './combine.ts'
import { definition, referenceName } from './definitions.ts'

const schemasOf = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])
/** What may still be put together for one tool: a hostile document makes a few definitions demand each other endlessly. */
export interface Budget {
  left: number
}
export const newBudget = (): Budget => ({ left: 5000 })

/**
 * A schema with the definition that it refers to and the schemas that it demands together (`allOf`) in one. What it
 * demands of itself again, it demands once.
 */
export function flat(root: JsonObject, schema: JsonObject, budget: Budget, seen: string[] = []): JsonObject {
  const { $ref, allOf, ...own } = schema
  if ($ref === undefined && allOf === undefined) return schema
  budget.left -= 1
  if (budget.left < 0) return own
  const name = referenceName(schema)
  const behind = name === undefined || seen.includes(name) ? undefined : definition(root, schema)
  const inside = behind && name !== undefined ? [...seen, name] : seen
  const target = behind ? flat(root, behind, budget, inside) : {}
  const { description: _, ...quiet } = target
  const parts = schemasOf(allOf).map((part) => flat(root, part, budget, inside))
  // Words beside a reference go over those of what it leads to.
  return conjunction([own, ...parts, own.description === undefined ? target : quiet])
}

/**
 * An object at the root, and no `anyOf`, `oneOf`, `allOf`, `not` or `enum` there: the APIs of Anthropic and OpenAI refuse
 * a whole list for one such tool. A choice at the root becomes the properties of all alternatives, and words.
 */
export function plainRoot(schema: JsonObject, budget = newBudget()): JsonObject {
  const { $defs } = schema
  const { anyOf, oneOf, allOf: _all, not: _not, enum: _values, $ref: _ref, ...base } = flat(schema, schema, budget)
  const choices = [anyOf, oneOf].filter((list) => list !== undefined)
  const root = choices.reduce<JsonObject>(
    (object, list) =>
      oneObject(
        object,
        schemasOf(list).map((one) => flat(schema, one, budget)),
      ),
    base,
  )
  const { $defs: _inside, ...rest } = root
  return {
    ...rest,
    type: 'object',
    properties: isObject(rest.properties) ? rest.properties : {},
    ...($defs !== undefined && { $defs }),
  }
}

const allows = (schema: JsonObject, type: string) =>
  schema.type === type || (Array.isArray(schema.type) && schema.type.includes(type))

function portableSchema(root: JsonObject, schema: Json, budget: Budget): Json {
  if (!isObject(schema)) return schema === true ? {} : schema
  const { oneOf, ...rest } = schema.allOf === undefined ? schema : flat(root, schema, budget)
  const choice = oneOf !== undefined && rest.anyOf === undefined ? { ...rest, anyOf: oneOf } : rest
  const items = allows(choice, 'array') && choice.items === undefined ? { ...choice, items: {} } : choice
  return mapSchemas(items, (child) => portableSchema(root, child, budget))
}

/**
 * What every host known to us but Gemini's narrow form takes: a plain root, arrays with `items`, no `allOf`, and `anyOf`
 * for `oneOf`. It takes every call that the full schema takes.
 */
export function portable(schema: JsonObject): JsonObject {
  const budget = newBudget()
  const root = plainRoot(schema, budget)
  return portableSchema(root, root, budget) as JsonObject
}
