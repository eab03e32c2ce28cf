/** What the tests use of oidc-provider, which has no types of its own. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export interface Entity {
    jti: string
    accountId?: string
    clientId: string
    scope?: string
    kind: string
    save(): Promise<string>
  }

  export interface Grant extends Entity {
    addOIDCScope(scope: string): void
    addResourceScope(resource: string, scope: string): void
  }

  export interface OidcContext {
    body: unknown
    oidc: {
      provider: Provider
      client: { clientId: string }
      params: Record<string, string | string[] | undefined>
      session?: { accountId?: string }
      requestParamOIDCScopes: Set<string>
    }
  }

  export interface Interaction {
    prompt: { name: string }
    params: Record<string, string | undefined>
  }

  export default class Provider {
    constructor(issuer: string, configuration: object)
    callback(): (request: IncomingMessage, response: ServerResponse) => void
    on(event: string, listener: (...args: unknown[]) => void): this
    registerGrantType(name: string, handler: (ctx: OidcContext) => Promise<void>, parameters: string[]): void
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>
    Grant: new (values: {
      clientId: string
      accountId: string
    }) => Grant
    AccessToken: new (
      values: object,
    ) => Entity & { resourceServer: object }
    ResourceServer: new (
      identifier: string,
      information: object,
    ) => object
  }

  export const errors: Record<'InvalidGrant' | 'InvalidTarget', new (description: string) => Error>
}

declare module 'oidc-provider/lib/adapters/memory_adapter.js' {
  export function createMemoryAdapter(clockTolerance: number): object
}
