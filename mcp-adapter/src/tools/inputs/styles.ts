/** How a value can be laid out on the wire (OpenAPI 3.1 and 3.2, style values). */
const STYLES = ['simple', 'label', 'matrix', 'form', 'deepObject', 'spaceDelimited', 'pipeDelimited', 'cookie'] as const

export type Style = (typeof STYLES)[number]

export const isStyle = (name: string): name is Style => (STYLES as readonly string[]).includes(name)
