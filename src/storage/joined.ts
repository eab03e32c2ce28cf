import { AsyncLocalStorage } from 'node:async_hooks'
import type { Prisma, PrismaClient } from './generated/client.ts'

/**
 * Lets Prisma's models take part in a transaction that was opened outside of Prisma. An interactive transaction of
 * Prisma's own costs more than all statements of an order together, so it is entered only where a model is used:
 * the adapter is told, through `PINNED`, to use the connection that has the transaction instead of opening one.
 */
const PINNED = new AsyncLocalStorage<Pinned>()

interface Pinned {
  connection: unknown
  /** Prisma gave up on its part (a timeout): the whole must not commit. */
  broken: boolean
}

interface AdapterLike {
  client: unknown
  startTransaction(isolationLevel?: string): Promise<unknown>
}
interface FactoryLike {
  connect(): Promise<unknown>
}

/** @returns the adapter factory, whose transactions join the pinned one where there is one */
export function joinable<Factory extends FactoryLike>(factory: Factory): Factory {
  const connect = factory.connect.bind(factory)
  factory.connect = async () => {
    const adapter = (await connect()) as AdapterLike
    const start = adapter.startTransaction.bind(adapter)
    adapter.startTransaction = async (isolationLevel) => {
      const pinned = PINNED.getStore()
      return pinned ? join(adapter, pinned) : start(isolationLevel)
    }
    return adapter
  }
  return factory
}

/** Prisma commits nothing here: whoever opened the transaction ends it. */
function join(adapter: AdapterLike, pinned: Pinned): unknown {
  return Object.assign(Object.create(adapter), {
    client: inTurn(pinned.connection as Queryable),
    options: { usePhantomQuery: true },
    commit: async () => {},
    rollback: async () => {
      pinned.broken = true
    },
  })
}

interface Queryable {
  query(...args: unknown[]): Promise<unknown>
}

/** Prisma asks for several relations at once; one connection answers one after the other. */
function inTurn(connection: Queryable): Queryable {
  let last: Promise<unknown> = Promise.resolve()
  return {
    query(...args) {
      last = last.catch(() => {}).then(() => connection.query(...args))
      return last
    },
  }
}

/** Prisma's models on one connection, entered at the first use. */
export interface Joined {
  db: Prisma.TransactionClient
  /** Leaves Prisma's part. @throws when Prisma gave up on it */
  leave(): Promise<void>
}

export function joinPrisma(prisma: PrismaClient, connection: unknown): Joined {
  const pinned: Pinned = { connection, broken: false }
  let entered: Promise<Prisma.TransactionClient> | undefined
  let whole: Promise<void> | undefined
  let done = () => {}
  const enter = () => {
    entered ??= new Promise<Prisma.TransactionClient>((resolve, reject) => {
      const ended = new Promise<void>((end) => {
        done = end
      })
      whole = PINNED.run(pinned, () =>
        prisma.$transaction(async (db) => {
          resolve(db)
          await ended
        }),
      )
      whole.catch(reject)
    })
    return entered
  }
  return {
    db: deferred(enter) as Prisma.TransactionClient,
    async leave() {
      done()
      await whole
      if (pinned.broken) throw new Error('The transaction took too long.')
    },
  }
}

// biome-ignore lint/suspicious/noExplicitAny: stands for every model and method of the client
type Callable = Record<string, any>

/** `db.user.findMany(...)` and `db.$queryRaw(...)`, each waiting for the client before it runs. */
function deferred(enter: () => Promise<unknown>): object {
  const models = new Map<PropertyKey, unknown>()
  return new Proxy(
    {},
    {
      get(_, name) {
        if (typeof name !== 'string' || name === 'then') return undefined
        const known = models.get(name)
        if (known) return known
        const made = name.startsWith('$')
          ? async (...args: unknown[]) => ((await enter()) as Callable)[name](...args)
          : new Proxy(
              {},
              {
                get:
                  (_model, method) =>
                  (...args: unknown[]) =>
                    enter().then((db) => (db as Callable)[name][method](...args)),
              },
            )
        models.set(name, made)
        return made
      },
    },
  )
}
