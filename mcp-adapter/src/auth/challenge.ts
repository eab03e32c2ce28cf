import type { AuthRule } from './rule.ts'

/** Where the metadata of every protected resource is (RFC 9728, section 3). */
const WELL_KNOWN = '/.well-known/oauth-protected-resource'

const pathOf = (resource: string) => new URL(resource).pathname.replace(/\/+$/, '')

/** The URL of a resource's metadata: the well-known name stands between host and path. */
export function metadataUrl(resource: string): string {
  return `${new URL(resource).origin}${WELL_KNOWN}${pathOf(resource)}`
}

/** Whether a path is one of the metadata: beside the endpoint's public and own path, or at the root. */
export function isMetadataPath(path: string, resource: string): boolean {
  return [WELL_KNOWN, `${WELL_KNOWN}/mcp`, `${WELL_KNOWN}${pathOf(resource)}`].includes(path)
}

/** The metadata (RFC 9728, section 2). The scopes are those to begin with; more are asked for when they are needed. */
export function metadataOf(rule: AuthRule, resource: string, name: string) {
  return {
    resource,
    resource_name: name,
    authorization_servers: rule.issuers.map(({ issuer }) => issuer),
    scopes_supported: rule.initialScopes,
    bearer_methods_supported: ['header'],
  }
}

/** A `WWW-Authenticate` value (RFC 6750, section 3; RFC 9728, section 5.1). None of the values holds a quote. */
export function challenge(values: { error?: string; scope?: readonly string[]; resourceMetadata?: string }): string {
  const { error, scope, resourceMetadata } = values
  const parameters = [
    error !== undefined && `error="${error}"`,
    scope && scope.length > 0 && `scope="${scope.join(' ')}"`,
    resourceMetadata !== undefined && `resource_metadata="${resourceMetadata}"`,
  ].filter((each) => typeof each === 'string')
  return ['Bearer', parameters.join(', ')].filter(Boolean).join(' ')
}
