import type { Cancellation } from '../cancellation.ts'

/** So many requests run at a time; others wait for their turn, in the order in which they came. */
interface Queue {
  /**
   * Resolves when it is this request's turn, which then calls `leave`. False: there is no room, or the turn did not
   * come in time. Throws the reason of `signal`.
   */
  enter(signal: Cancellation, mostMs: number): boolean | Promise<boolean>
  leave(): void
}

/** A queue for `places` requests at a time, in which `room` more may wait. */
export function createQueue(places: number, room: number): Queue {
  let free = places
  // A Set keeps the order of insertion, and gives up one from its middle at no cost.
  const waiting = new Set<() => void>()

  function wait(signal: Cancellation, mostMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        waiting.delete(onTurn)
      }
      const onTurn = () => {
        stop()
        resolve(true)
      }
      const onAbort = () => {
        stop()
        reject(signal.reason)
      }
      const timer = setTimeout(() => {
        stop()
        resolve(false)
      }, mostMs)
      signal.addEventListener('abort', onAbort, { once: true })
      waiting.add(onTurn)
    })
  }
  return {
    enter(signal, mostMs) {
      signal.throwIfAborted()
      if (free > 0) {
        free -= 1
        return true
      }
      return waiting.size < room && mostMs > 0 ? wait(signal, mostMs) : false
    },
    leave() {
      const [next] = waiting
      // The place goes from one to the other: nobody who comes now is before those who wait.
      if (next) next()
      else free += 1
    },
  }
}
