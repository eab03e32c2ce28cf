import { setTimeout as delay } from 'node:timers/promises'

/** Asks again until the answer is there. Fails with what it waited for when that takes longer than any machine needs. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const end = Date.now() + 15_000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
    await delay(20)
  }
}
