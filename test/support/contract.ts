import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Document } from '../../api/openapi.ts'

export interface Answer {
  method: string
  url: string
  status: number
  headers: Record<string, unknown>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  body: any
}

/**
 * Only some of the problems of a status may be retried, a dry run has no version, and what is turned away before its
 * caller is known has no quota.
 */
const MAY_LACK = (name: string, type: string, status: number) =>
  name === 'Retry-After' ||
  (name === 'ETag' && type.includes('dry-run')) ||
  (name.startsWith('RateLimit') && status === 429)

/** Holds real answers against the published document. */
export function createContract(document: Document) {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true })
  // @ts-expect-error -- the package's types miss that its CommonJS export is the function itself
  addFormats(ajv)
  ajv.addSchema({ ...document, $id: 'document' })
  const templates = Object.keys(document.paths).map((path) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
  }))
  const compiled = new Map<string, ValidateFunction>()

  function validator(pointer: string): ValidateFunction {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `document#${pointer}` })
    compiled.set(pointer, known)
    return known
  }

  return {
    /** @returns what departs from the document; nothing for a path that is none of its own */
    check({ method, url, status, headers, body }: Answer): string[] {
      const path = templates.find(({ pattern }) => pattern.test(url.split('?')[0] ?? ''))?.path
      const operation = path && document.paths[path]?.[method.toLowerCase()]
      if (!path || !operation) return []
      const where = `${method} ${path} ${status}`
      if (status === 304) return []
      const response = operation.responses[status]
      if (!response) return [`${where}: the document does not know this status`]
      const [type] = String(headers['content-type'] ?? '').split(';')
      if (!response.content) return body === undefined ? [] : [`${where}: has a body, the document says none`]
      if (!type || !response.content[type]) return [`${where}: the document does not know the media type ${type}`]
      const missing = Object.keys(response.headers ?? {}).filter((name) => headers[name.toLowerCase()] === undefined)
      const encode = (text: string) => encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'))
      const pointer = ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema']
      const validate = validator(`/${pointer.map(encode).join('/')}`)
      validate(body)
      return [
        ...missing.filter((name) => !MAY_LACK(name, type, status)).map((name) => `${where}: lacks the header ${name}`),
        ...(validate.errors ?? []).map((error) => `${where}: ${error.instancePath} ${error.message}`),
        ...(status < 400 || response.content[type].examples?.[body.error]
          ? []
          : [`${where}: ${body.error} is not declared`]),
      ]
    },
    ajv,
  }
}
