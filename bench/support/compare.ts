import { emptyDatabase, SERVER, serverRuns } from './server.ts'

/** Makes an empty database: one on a server where it has a URL, otherwise the embedded one. */
export type Make = () => Promise<{ databaseUrl: string | undefined; drop: () => Promise<void> }>

/** Compares on the embedded database and, where one runs, on a server; the process fails where a ratio is too low. */
export async function compareEach(compare: (name: string, make: Make) => Promise<number>, wanted: number) {
  const ratios = [await compare('Embedded (PGlite)', async () => ({ databaseUrl: undefined, drop: async () => {} }))]
  if (await serverRuns()) ratios.push(await compare('Postgres', emptyDatabase))
  else console.log(`\nPostgres: skipped, no server at ${new URL(SERVER).host}`)
  process.exitCode = ratios.every((ratio) => ratio >= wanted) ? 0 : 1
}
