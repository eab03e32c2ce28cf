import type { Flag } from './command.ts'

/** The flags that several commands have. */

export const CONFIG: Flag = { type: 'string', value: 'FILE', about: 'the curation file (default tools.yaml)' }
export const OPENAPI: Flag = {
  type: 'string',
  value: 'FILE',
  about: 'an OpenAPI document (file or URL), instead of a curation file: all its operations',
}
export const API: Flag = {
  type: 'string',
  multiple: true,
  value: 'URL',
  about: "where the API is, or NAME=URL for each of several; goes over HANDRAIL_API_URL and the file's URLs",
}
export const JSON_FLAG: Flag = { type: 'boolean', about: 'the result as JSON on stdout' }
export const LOCK: Flag = { type: 'string', value: 'FILE', about: 'the lock file (default: beside the curation file)' }

export const USAGE: Flag = {
  type: 'string',
  value: 'FILE',
  about: 'counts calls, errors and last use per tool, and appends them to the file; see handrail-mcp usage',
}

export const NO_RELOAD: Flag = {
  type: 'boolean',
  about: 'changes of the curation file and its documents are served after a restart only, and SIGHUP ends the process',
}

export const TOKEN_ENVIRONMENT: [string, string][] = [
  ['HANDRAIL_TOKEN', 'the credential'],
  ['HANDRAIL_TOKEN_FILE', 'a file that holds it: <path>, or <path>#/json/pointer for a string in a JSON file'],
]
export const API_ENVIRONMENT: [string, string] = [
  'HANDRAIL_API_URL',
  'base URL of the API, or NAME=URL for each of several, separated by commas',
]
export const STATE_ENVIRONMENT: [string, string] = [
  'HANDRAIL_MCP_STATE_SECRET',
  'seals the questions that people are asked before a tool acts; 32 characters or more, the same for all replicas ' +
    '(default: a random one of this process)',
]
export const USAGE_ENVIRONMENT: [string, string] = ['MCP_USAGE_FILE', 'as --usage']
