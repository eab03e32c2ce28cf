import { isObject, type Json, type JsonObject } from './json.ts'
import type { Binding } from './tools/bindings.ts'

/** The argument of a binding, or undefined. Only own properties count, so "constructor" is not found by accident. */
function argumentOf(args: JsonObject, path: string[]): Json | undefined {
  const [first = ''] = path
  if (path.length === 1) return Object.hasOwn(args, first) ? args[first] : undefined
  let value: Json | undefined = args
  for (const step of path) value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined
  return value
}

/** What is sent for a binding. An explicit null of the model stays null; only a missing argument is filled in. */
export function sentValue(binding: Binding, args: JsonObject): Json | undefined {
  if (binding.fixed !== undefined) return binding.fixed
  const given = binding.hidden ? undefined : argumentOf(args, binding.argument)
  return given === undefined ? binding.fallback : given
}
