import { visible } from '../results/hidden.ts'
import { eachTool, type Hit, type Level, type Rule, type Subject, type Text, textsOf } from './subject.ts'

/** Rules about what texts say that a model reads. A document may come from elsewhere: its texts are not trusted. */

const INSTRUCTIONS: [RegExp, string][] = [
  [
    /\b(ignore|disregard|forget|override)\b.{0,30}\b(previous|prior|above|earlier|all|other|system)\b.{0,30}\b(instructions?|prompts?|rules|messages?|tools?)\b/i,
    'tells the model to ignore instructions',
  ],
  [/<\/?\s*(important|system|instructions?|secret|hidden|assistant|user)\s*>/i, 'has a tag that poses as a prompt'],
  [
    /\b(do not|don't|never)\b.{0,20}\b(tell|inform|mention|reveal|show|notify)\b.{0,25}\b(user|person|human|them)\b/i,
    'tells the model to hide something from its person',
  ],
  [
    /\byou (must|have to|should) (always|first|never) (call|use|invoke|run|execute|read|send)\b/i,
    'orders the model to call something',
  ],
  [
    /\b(before|after|instead of) (using|calling) (any|every|other|all)\b.{0,20}\btools?\b/i,
    'speaks about the use of other tools',
  ],
  [/\b(system prompt|developer message|jailbreak|you are now (a|an|in)\b)/i, "speaks about the model's own prompt"],
  [/~\/\.(ssh|aws|cursor|config|env)|\bid_rsa\b|\/etc\/passwd|\bmcp\.json\b/i, "names files of the person's machine"],
]

const SECRETS =
  /\b(pass|provide|include|send|give|paste|enter|put)\b.{0,40}\b(your|the (user|person)'s|their)\b.{0,20}\b(password|api[ _-]?key|secret|token|credentials?|private key|credit card)\b/i
const ADDRESS = /\b(?:https?:\/\/|www\.)[^\s)>\]"'`]+/i
const MARKUP = /<(script|img|iframe|style|object)\b|\bdata:[a-z]+\/[a-z0-9.+-]+;base64,/i

/** A rule about each text of each tool: `check` says what is wrong with it. */
function eachText(id: string, level: Level, about: string, check: (text: Text) => string | false): Rule {
  const find = ({ tools }: Subject) =>
    tools.flatMap((tool) => {
      const seen = new Set<string>()
      return textsOf(tool).flatMap((text): Hit[] => {
        const { argument } = text
        const found = check(text)
        if (found === false || seen.has(`${argument} ${found}`)) return []
        seen.add(`${argument} ${found}`)
        const place = argument === undefined ? 'its text' : `the text of "${argument}"`
        return [{ tool, ...(argument !== undefined && { argument }), message: `${place} ${found}` }]
      })
    })
  return { id, level, about, find }
}

export const WORD_RULES: Rule[] = [
  eachText('hidden-characters', 'error', 'No text has characters that a reader does not see.', ({ text }) =>
    visible(text) === text ? false : 'has hidden characters',
  ),
  eachText(
    'instructions',
    'error',
    'No text gives a model orders: instructions hidden in descriptions.',
    ({ text }) => {
      const clean = visible(text).replaceAll(/\s+/g, ' ')
      return INSTRUCTIONS.find(([pattern]) => pattern.test(clean))?.[1] ?? false
    },
  ),
  eachText(
    'asks-for-secrets',
    'error',
    'No text asks a model for secrets of its person.',
    ({ text }) => SECRETS.test(text.replaceAll(/\s+/g, ' ')) && 'asks for a secret',
  ),
  eachText(
    'markup',
    'warning',
    'No text holds active markup or data URLs.',
    ({ text, isProse }) => isProse && MARKUP.test(text) && 'has markup or a data URL',
  ),
  eachText(
    'address',
    'warning',
    'No text leads to pages elsewhere: a model may follow them.',
    ({ text, isProse }) => isProse && ADDRESS.test(text) && `names an address: ${ADDRESS.exec(text)?.[0].slice(0, 80)}`,
  ),
  eachTool('no-description', 'error', 'Every tool has a description of its own.', ({ operation, published }) => {
    const text = published.description.trim()
    const none = text === '' || text === `${operation.method} ${operation.path}` || text === published.name
    return none && 'has no description: say what it does and when to use it'
  }),
  eachTool('same-as-title', 'warning', 'The description says more than the title.', ({ published }) => {
    const plain = (text: string) =>
      text
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, ' ')
        .trim()
    return plain(published.description) === plain(published.title) && 'has the title as its description'
  }),
  eachTool('short-description', 'warning', 'A description has 20 characters or more.', ({ published }) => {
    const { length } = published.description.trim()
    return length > 0 && length < 20 && `has a description of ${length} characters`
  }),
  eachTool('long-description', 'warning', 'A description has at most 1,000 characters.', ({ published }) => {
    const { length } = published.description
    return length > 1000 && `has a description of ${length} characters`
  }),
]
