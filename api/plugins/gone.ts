import type { FastifyInstance } from 'fastify'

/** The client is not there any more, and nothing failed here. */
export class HungUp extends Error {
  override readonly name = 'HungUp'
}

/** A connection that has ended tells neither an address nor the end of a body: nothing waits for either. */
export function registerGone(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    // Where the system has learnt of the end first, only the address is missing; the types do not know of it.
    const address: string | undefined = request.ip
    if (address === undefined) throw new HungUp('the client hung up')
  })
  // Authentication may have taken a while.
  app.addHook('preParsing', async ({ raw }) => {
    if (raw.errored) throw new HungUp('the client hung up')
  })
}
