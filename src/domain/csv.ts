/** A spreadsheet takes a cell that begins like this for a formula, and carries it out when the file is opened. */
const FORMULA = /^[=+\-@\t\r\n]/
const NEEDS_QUOTES = /[",\r\n]/

/**
 * CSV text after RFC 4180: a header row, CRLF after each row. Text that a spreadsheet would take for a formula gets an
 * apostrophe in front, as OWASP advises ("CSV Injection"); numbers stay as they are.
 */
export function toCsv(header: string[], rows: (string | number | bigint)[][]): string {
  return [header, ...rows].map((row) => `${row.map(toCell).join(',')}\r\n`).join('')
}

function toCell(value: string | number | bigint): string {
  if (typeof value !== 'string') return String(value)
  const text = FORMULA.test(value) ? `'${value}` : value
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
