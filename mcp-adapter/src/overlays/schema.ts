import type { JsonObject } from '../json.ts'

const text: JsonObject = { type: 'string' }
const path: JsonObject = { type: 'string', description: 'A JSONPath, RFC 9535.', pattern: '^\\$' }
const extension: JsonObject = { '^x-': {} }

/** What an Overlay document looks like: versions 1.0 and 1.1 (https://spec.openapis.org/overlay/). */
export const overlaySchema: JsonObject = {
  type: 'object',
  required: ['overlay', 'info', 'actions'],
  additionalProperties: false,
  patternProperties: extension,
  properties: {
    overlay: { type: 'string', description: 'Versions 1.0 and 1.1 are read.', pattern: '^1\\.[01]\\.\\d+$' },
    info: { type: 'object', required: ['title', 'version'] },
    extends: text,
    actions: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['target'],
        additionalProperties: false,
        patternProperties: extension,
        properties: {
          target: path,
          description: text,
          update: {},
          copy: path,
          remove: { type: 'boolean' },
        },
        not: { required: ['update', 'copy'] },
      },
    },
  },
}
