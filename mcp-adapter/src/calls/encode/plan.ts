import type { Json, JsonObject } from '../../json.ts'
import type { Binding } from '../../tools/bindings.ts'
import type { Input } from '../../tools/input-schema.ts'
import { type PathPlan, planPath } from './path.ts'
import { type ToWire, wireOf } from './wire.ts'

/** One binding, with all that a call need not find out again. */
export interface Step {
  binding: Binding
  toWire?: ToWire
  /** Place among the path parameters. */
  index: number
  /** The name as it is sent: a header's in lower case. */
  name: string
}

/** How one tool's requests are written; made at its first call. */
export interface Plan {
  path: PathPlan
  steps: Step[]
  pathSteps: Step[]
}

function schemaAt(schema: JsonObject, argument: string[]): Json | undefined {
  return argument.reduce<Json | undefined>((at, step) => {
    const properties = (at as JsonObject | undefined)?.properties as JsonObject | undefined
    return properties && Object.hasOwn(properties, step) ? properties[step] : undefined
  }, schema)
}

function makePlan(template: string, input: Input): Plan {
  const defs = (input.schema.$defs ?? {}) as JsonObject
  const variables = input.bindings.filter(({ place }) => place === 'path').map(({ name }) => name)
  const steps = input.bindings.map((binding): Step => {
    const toWire = wireOf(schemaAt(input.schema, binding.argument) ?? {}, defs, input.wireNames)
    return {
      binding,
      ...(toWire && { toWire }),
      index: binding.place === 'path' ? variables.indexOf(binding.name) : -1,
      name: binding.place === 'header' ? binding.name.toLowerCase() : binding.name,
    }
  })
  return { path: planPath(template, variables), steps, pathSteps: steps.filter(({ index }) => index >= 0) }
}

const plans = new WeakMap<Input, Plan>()

/** The plan of a tool's requests. A list of a thousand tools is loaded without making one. */
export function planOf(template: string, input: Input): Plan {
  const known = plans.get(input)
  if (known) return known
  const plan = makePlan(template, input)
  plans.set(input, plan)
  return plan
}
