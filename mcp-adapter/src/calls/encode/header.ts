import type { Binding } from '../../tools/bindings.ts'
import { expand, isEmpty, join } from './styles.ts'
import { jsonText, plain, type Sendable, Unsendable } from './text.ts'

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * A header's value in simple style, as it is: percent-encoding would arrive as part of the value. JSON keeps to ASCII by
 * its own escapes. Undefined when there is nothing to write. Throws Unsendable for what a header cannot hold: control
 * characters, other than ASCII (RFC 9110, section 5.5, wants it so; RFC 8187 is for parameters of headers that name it), and
 * spaces at the ends, which the receiver takes away.
 */
export function headerText(binding: Binding, value: Sendable): string | undefined {
  const { content } = binding
  if (content === undefined && isEmpty(value)) return undefined
  const text =
    content === undefined
      ? join(
          'simple',
          expand('simple', binding.explode, binding.name, value, (part) => part),
        )
      : /json/i.test(content)
        ? jsonText(value).replaceAll(/[^\x20-\x7e]/g, escaped)
        : plain(value)
  if (!/^[\x20-\x7e]*$/.test(text)) throw new Unsendable('must be printable ASCII text')
  if (text !== text.trim()) throw new Unsendable('must not begin or end with a space')
  return text
}
