import type { Finding } from './findings.ts'
import type { Verification } from './verify.ts'

/** What a verification found, for a person at a terminal: the first finding leads. */
export function report(result: Verification): string {
  const { entries, linked, waiting, sealed, unsealed, folders, findings, findingCount } = result
  const [first, ...others] = findings
  return [
    first ? `NOT IN ORDER: ${line(first)}` : 'The audit trail is in order.',
    ...others.map((each) => `  ${line(each)}`),
    ...(findingCount > findings.length ? [`  and ${findingCount - findings.length} more findings`] : []),
    '',
    `${entries} entries, ${linked} of them in the chain, confirmed by seals up to position ${sealed}.`,
    `Not sealed yet: ${unsealed}. Not in the chain yet: ${waiting}.`,
    ...folders.map(
      ({ folder, seals, firstKey, unfinished }) =>
        `Seals in ${folder}: ${seals}${firstKey ? `, first key ${firstKey}` : ''}${unfinished ? ', the last line is being written or was cut off' : ''}`,
    ),
  ].join('\n')
}

const line = ({ kind, message, at }: Finding) => `${kind}: ${message}${at === undefined ? '' : ` (${at})`}`
