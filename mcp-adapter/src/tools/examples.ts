import type { Check } from '../checks/validation.ts'
import type { Path } from '../curation/yaml-file.ts'
import { type JsonObject, pointerSteps } from '../json.ts'
import { checkArguments } from './validate-arguments.ts'

/** Holds the example calls of a tool against what it accepts. `report` is told the path inside `examples`, and why. */
export function checkExamples(
  check: Check,
  examples: JsonObject[],
  report: (path: Path, message: string) => void,
): void {
  for (const [index, example] of examples.entries()) {
    const { errors = [] } = checkArguments(check, example) ?? {}
    for (const { pointer, message } of errors) {
      const path = pointerSteps(pointer)
      const place = path.length === 0 ? 'The example' : `"${path.join('.')}"`
      report([index, ...path.map((step) => (/^\d+$/.test(step) ? Number(step) : step))], `${place} ${message}`)
    }
  }
}

/**
 * An input schema that shows how the tool is called. MCP has no field for it: JSON Schema's `examples` at the root reach
 * every client that takes the schema as it is.
 */
export function withExamples<S extends JsonObject>(schema: S, examples: JsonObject[] | undefined): S {
  return examples === undefined || examples.length === 0 ? schema : { ...schema, examples }
}
