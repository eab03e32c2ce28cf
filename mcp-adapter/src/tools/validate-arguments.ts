import type { Check, SchemaError } from '../checks/validation.ts'
import type { JsonObject } from '../json.ts'
import { escapeStep } from '../json.ts'
import { didYouMean } from '../nearest.ts'
import { isPlainName } from '../plain-name.ts'
import type { Problem, ProblemError } from '../results/problem.ts'

const MAX_ERRORS = 20
/** Describing an error costs much more than finding it; nobody reads more of them than this. */
const MAX_DESCRIBED = 100
const list = (values: unknown) =>
  Array.isArray(values)
    ? values
        .slice(0, 20)
        .map((v) => JSON.stringify(v))
        .join(', ')
    : ''

function toProblemError(error: SchemaError): ProblemError {
  const { keyword: code, params } = error
  const at = (name: unknown) => `${error.instancePath}/${escapeStep(String(name))}`
  if (code === 'required') return { pointer: at(params.missingProperty), code, message: 'is required' }
  if (code === 'additionalProperties' || code === 'unevaluatedProperties') {
    const name = String(params.additionalProperty ?? params.unevaluatedProperty)
    const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {})
    const offered = known.length === 0 ? '' : ` Known: ${known.slice(0, 20).join(', ')}.`
    const message = `is not known.${didYouMean(name, known) || offered}`
    // A name that could be a secret is not told: where it stands is enough.
    return isPlainName(name)
      ? { pointer: at(name), code, message }
      : { pointer: error.instancePath, code, message: `has a field whose name ${message}` }
  }
  const message = error.message ?? 'is not valid'
  if (code === 'enum')
    return { pointer: error.instancePath, code, message: `must be one of ${list(params.allowedValues)}` }
  if (code === 'const')
    return { pointer: error.instancePath, code, message: `must be ${JSON.stringify(params.allowedValue)}` }
  return { pointer: error.instancePath, code, message }
}

/** Alternatives (`anyOf`) are told as one: `must be string or null`, instead of one error per branch and one for all. */
function merge(found: SchemaError[]): ProblemError[] {
  const errors: ProblemError[] = []
  const types = new Map<string, ProblemError>()
  for (const error of found) {
    const inside = (other: SchemaError) =>
      other.keyword !== 'anyOf' && other.instancePath.startsWith(error.instancePath)
    if (error.keyword === 'anyOf' && found.some(inside)) continue
    const known = error.keyword === 'type' ? types.get(error.instancePath) : undefined
    if (known) {
      known.message += ` or ${error.params.type}`
      continue
    }
    const told = toProblemError(error)
    if (error.keyword === 'type') types.set(error.instancePath, told)
    errors.push(told)
  }
  return errors
}

/** The problem that tells a model how to correct its arguments, or undefined when they keep the schema. */
export function checkArguments(check: Check, args: JsonObject): Problem | undefined {
  const broken = check(args)
  if (broken.length === 0) return undefined
  const found = merge(broken.slice(0, MAX_DESCRIBED))
  const errors = found.slice(0, MAX_ERRORS)
  const [first] = errors
  if (!first) return undefined
  return {
    error: 'invalid-arguments',
    message:
      found.length === 1
        ? `The arguments do not fit the tool: ${first.pointer || 'they'} ${first.message}`
        : `The arguments do not fit the tool in ${found.length} places`,
    errors,
    hint: 'Nothing was sent. Correct the arguments by the input schema and call the tool again.',
    retryable: false,
  }
}
