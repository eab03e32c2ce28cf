/** Names the JSON text of `structuredContent` in a result that has it at hand. JSON leaves it out. */
export const DATA_TEXT = Symbol('structuredContent as JSON text')
