import { costOfList } from '../tools/cost.ts'
import type { Tool } from '../tools/tools.ts'
import { eachTool, type Rule } from './subject.ts'

/** Rules about names, and about the list as a whole. */

const MOST_TOOLS = 40
const VAGUE =
  /^(do|run|get|set|call|execute|process|handle|perform|manage|update|fetch|query|action|api|test|list|post|put|delete|create)(_?(it|data|info|thing|things|stuff|action|request|item|items|object|value|all|api|tool|resource))?$/i

/** A name as its words, whatever their order and number: `orders_list` and `list_order` are one to a model. */
const words = (name: string) =>
  name
    .toLowerCase()
    .split(/[_-]+/)
    .map((word) => word.replace(/s$/, ''))
    .sort()
    .join(' ')

/** A rule that is broken by each tool for which `keyOf` says what it said for an earlier one. */
const noTwo = (id: string, about: string, keyOf: (tool: Tool) => string, has: string): Rule => ({
  id,
  level: 'warning',
  about,
  find({ tools }) {
    const first = new Map<string, string>()
    return tools.flatMap((tool) => {
      const key = keyOf(tool)
      const other = first.get(key)
      if (other === undefined) first.set(key, tool.name)
      return other === undefined ? [] : [{ tool, message: `has ${has} ${other}` }]
    })
  },
})

export const LIST_RULES: Rule[] = [
  eachTool(
    'vague-name',
    'warning',
    'A name says what the tool is about.',
    ({ name }) => VAGUE.test(name) && 'has a vague name',
  ),
  noTwo(
    'alike-names',
    'No two names differ by order, plural or punctuation alone.',
    ({ name }) => words(name),
    'a name too much like',
  ),
  noTwo(
    'same-description',
    'No two tools have the same description.',
    ({ published }) => published.description.trim().toLowerCase(),
    'the description of',
  ),
  {
    id: 'many-tools',
    level: 'warning',
    about: `A list has at most ${MOST_TOOLS} tools.`,
    find: ({ tools }) =>
      tools.length > MOST_TOOLS ? [{ message: `${tools.length} tools are more than models choose well from` }] : [],
  },
  {
    id: 'list-cost',
    level: 'error',
    about: 'What models read of the list stays within the budget (--budget, 3,000 tokens).',
    find({ tools, budget }) {
      const { read } = costOfList(tools.map((tool) => tool.published))
      return read > budget ? [{ message: `the list costs ${read} tokens of ${budget}` }] : []
    },
  },
]
