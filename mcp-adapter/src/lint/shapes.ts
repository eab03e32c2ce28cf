import { isObject, type Json, type JsonObject } from '../json.ts'
import { costOf } from '../tools/cost.ts'
import type { Tool } from '../tools/tools.ts'
import { argumentsOf, eachArgument, eachTool, type Rule } from './subject.ts'

/** Rules about arguments, answers and what a tool does. */

const MOST_ARGUMENTS = 12
const MOST_LEVELS = 4
const MOST_CHOICES = 50
const MOST_TOKENS = 600
const PAGING =
  /^(query\.)?(limit|page|per_?page|page_?size|cursor|offset|first|last|top|max(_?results)?|count|size|take)$/i
const SECRET_NAMES = /(^|[._-])(password|passwd|secret|token|api_?key|access_?key|private_?key|credential)s?$/i
/** Whether an argument is called what credentials are called. */
export const isSecretName = (name: string) => SECRET_NAMES.test(name)
const UNCLEAR =
  /^(query\.|body\.|path\.)?([a-z]{1,2}|data|value|values|input|payload|params?|arg\d*|obj|object|item|info|misc|flag)$/i
const SELF_EVIDENT =
  /^(id|limit|cursor|page|offset|name|title|description|email|status|sort|order|from|to|date|quantity|currency|url)$/i

/** How deep objects stand in objects; what is behind references does not count, for models read it once. */
function depthOf(schema: Json, depth = 0): number {
  if (Array.isArray(schema)) return Math.max(depth, ...schema.map((each) => depthOf(each, depth)))
  if (!isObject(schema) || depth > 20) return depth
  const inner = isObject(schema.properties) ? Object.values(schema.properties) : []
  const beside = Object.entries(schema).flatMap(([word, each]) =>
    word === 'properties' || word === '$defs' || word === 'examples' || word === 'default' ? [] : [each],
  )
  return Math.max(
    depth,
    ...inner.map((each) => depthOf(each, depth + 1)),
    ...beside.map((each) => depthOf(each, depth)),
  )
}

const isComplex = (schema: JsonObject) =>
  [schema.type].flat().some((type) => type === 'object' || type === 'array') && schema.$ref === undefined
    ? depthOf(schema) > 1 || (isObject(schema.items) && depthOf(schema.items) > 0)
    : typeof schema.$ref === 'string'

const hasExamples = (value: unknown): boolean =>
  isObject(value) &&
  (value.examples !== undefined || value.example !== undefined || Object.values(value).some(hasExamples))

/** Whether a tool reads a collection: an answer that is or has a list, at a path that ends in a plural. */
function readsCollection({ published, operation, shapes }: Tool): boolean {
  const properties = published.outputSchema?.properties
  const last = operation.path.replace(/\/+$/, '').split('/').at(-1) ?? ''
  const lists = Object.values(isObject(properties) ? properties : {}).some(
    (each) => isObject(each) && [each.type].flat().includes('array'),
  )
  const isPlural = /s$/i.test(last) && !last.includes('{')
  return published.annotations.readOnlyHint && lists && (isPlural || Object.values(shapes).includes('wrapped'))
}

export const SHAPE_RULES: Rule[] = [
  eachTool(
    'root-combinator',
    'warning',
    'No input schema has oneOf, anyOf or allOf at its root: many hosts are shown less of it.',
    (tool) => {
      const word = ['oneOf', 'anyOf', 'allOf'].find((each) => tool.published.inputSchema[each] !== undefined)
      return word !== undefined && `has ${word} at the root of its input schema`
    },
  ),
  eachTool(
    'unasked-destruction',
    'warning',
    'A tool that destroys asks a person first, or waits for an approval.',
    (tool) => {
      const { destructiveHint, readOnlyHint } = tool.published.annotations
      const guarded = tool.confirm || tool.input.roles.approval !== undefined
      return (
        destructiveHint && !readOnlyHint && !guarded && 'destroys and asks nobody: set "confirm", or wait for approvals'
      )
    },
  ),
  eachTool(
    'deprecated',
    'warning',
    'No tool stands for a deprecated operation.',
    ({ operation }) => operation.source.deprecated === true && 'is deprecated in the document',
  ),
  eachTool('unbounded-list', 'warning', 'A tool that lists takes a limit or a cursor.', (tool) => {
    const bounded = tool.input.bindings.some(
      ({ name, argument }) => PAGING.test(name) || PAGING.test(argument.join('.')),
    )
    return !bounded && readsCollection(tool) && 'lists without a limit or a cursor'
  }),
  eachTool(
    'no-output-schema',
    'note',
    'Every tool has an output schema.',
    ({ published }) => published.outputSchema === undefined && 'has no output schema',
  ),
  eachTool('many-arguments', 'warning', `A tool has at most ${MOST_ARGUMENTS} arguments.`, (tool) => {
    const { length } = argumentsOf(tool)
    return length > MOST_ARGUMENTS && `has ${length} arguments: hide or fix what agents do not need`
  }),
  eachTool('tool-cost', 'warning', `A tool costs models at most ${MOST_TOKENS} tokens.`, ({ published }) => {
    const { read } = costOf(published)
    return read > MOST_TOKENS && `costs ${read} tokens`
  }),
  eachTool('deep-arguments', 'warning', `Arguments are nested at most ${MOST_LEVELS} levels deep.`, ({ published }) => {
    const depth = depthOf(published.inputSchema)
    return depth > MOST_LEVELS && `has arguments ${depth} levels deep`
  }),
  eachArgument(
    'no-argument-description',
    'note',
    'Every argument is described, unless its name says it all.',
    ({ name, description, schema }) => {
      const known = SELF_EVIDENT.test(name) || /_?id$/i.test(name) || schema.enum !== undefined
      return description.trim() === '' && !known && 'has no description'
    },
  ),
  eachArgument(
    'unclear-argument',
    'warning',
    'A required argument has a name or a description that says what it is.',
    ({ name, required, description }) =>
      required &&
      description.trim() === '' &&
      UNCLEAR.test(name) &&
      !SELF_EVIDENT.test(name) &&
      'is required, and neither name nor description say what it is',
  ),
  eachArgument(
    'no-example',
    'note',
    'A complex argument has an example.',
    ({ schema }, { published }) =>
      isComplex(schema) &&
      !hasExamples(schema) &&
      !hasExamples(published.inputSchema.$defs) &&
      published.inputSchema.examples === undefined &&
      'is complex and has no example',
  ),
  eachArgument(
    'secret-argument',
    'warning',
    'No argument takes a secret: credentials never pass through a model.',
    ({ name, required }) =>
      isSecretName(name) &&
      `takes a secret from the model: ${required ? 'make it a security scheme, or remove it, by an overlay' : 'hide it'}`,
  ),
  eachArgument(
    'many-choices',
    'warning',
    `An argument has at most ${MOST_CHOICES} choices.`,
    ({ schema }) =>
      Array.isArray(schema.enum) && schema.enum.length > MOST_CHOICES && `has ${schema.enum.length} choices`,
  ),
]
