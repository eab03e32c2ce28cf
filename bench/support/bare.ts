import type { Statement } from './record.ts'
import { openShop, type Target } from './shop.ts'

/** Sends recorded transactions through the driver alone: no HTTP, no validation, no policy, no Prisma. */
export async function runBare(target: Target, recorded: Statement[][], inFlight: number) {
  const { driver, storage } = await openShop(target)
  const warm = Math.floor(recorded.length / 10)
  const perSecond = await timed(recorded.length - warm, warm, inFlight, (index) =>
    driver.transaction(async (sql) => {
      for (const { text, values } of recorded[index] as Statement[]) await sql(text, values)
    }),
  )
  await storage.close()
  return { perSecond }
}

/** Does `count` things after `warm` others, `inFlight` at a time. @returns how many a second */
export async function timed(
  count: number,
  warm: number,
  inFlight: number,
  act: (index: number) => Promise<unknown>,
): Promise<number> {
  let next = 0
  const until = async (end: number) => {
    const worker = async () => {
      while (next < end) await act(next++)
    }
    await Promise.all(Array.from({ length: inFlight }, worker))
  }
  await until(warm)
  const started = performance.now()
  await until(warm + count)
  return count / ((performance.now() - started) / 1000)
}
