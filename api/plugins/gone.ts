import type { FastifyInstance } from 'fastify'

/** The client is not there any more, and nothing failed here. */
export class HungUp extends Error {
  override readonly name = 'HungUp'
}

/**
 * A body whose client went away, while it was authenticated, say, neither ends nor fails any more: nobody waits for it.
 * What has arrived whole is carried out, or refused and recorded, whoever is left to hear of it.
 */
export function registerGone(app: FastifyInstance): void {
  app.addHook('preParsing', async ({ raw }) => {
    if (raw.errored && !raw.complete) throw new HungUp('the client hung up')
  })
}
