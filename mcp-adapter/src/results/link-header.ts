/** One `<target>; name=value` of a Link header (RFC 8288, section 3). Quoted values may hold commas and semicolons. */
const LINK = /<([^<>]*)>((?:\s*;\s*[\w!#$&+\-.^`|~*]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",;]*))?)*)/g
const MOST_CHARACTERS = 8192

/** The target of the first link with the relation `next`, as written; undefined without one. */
export function nextLink(header: string | undefined): string | undefined {
  if (header === undefined || header.length > MOST_CHARACTERS) return undefined
  for (const [, target, parameters = ''] of header.matchAll(LINK)) {
    const [, quoted, bare] = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))/i.exec(parameters) ?? []
    if ((quoted ?? bare ?? '').toLowerCase().split(/\s+/).includes('next')) return target
  }
  return undefined
}
