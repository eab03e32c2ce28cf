import serialize from 'canonicalize'

/**
 * JSON text in canonical form (RFC 8785): the same value makes the same text, whatever the order of its members.
 * Members that are undefined are left out.
 */
export function canonicalize(value: object): string {
  // The package is CommonJS, whose types name the module where Node gives the function.
  return (serialize as unknown as (value: unknown) => string)(value)
}
