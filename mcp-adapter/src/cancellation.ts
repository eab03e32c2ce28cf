/**
 * What ends a piece of work before its end, as far as the work needs to know it. Every AbortSignal is one. The way of each
 * call gets a lighter one: making an AbortSignal, and a listener for it, costs a twentieth of a call.
 */
export interface Cancellation {
  readonly aborted: boolean
  /** Why; thrown by what was under way. */
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { once: true }): void
  removeEventListener(type: 'abort', listener: () => void): void
  throwIfAborted(): void
}

/** A cancellation, and the way to bring it about. Each listener is told once, in no particular order. */
export class Canceller implements Cancellation {
  aborted = false
  reason: unknown
  /** Most work has one listener at a time. */
  #listener: (() => void) | undefined
  #others: Set<() => void> | undefined

  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.aborted) return
    if (this.#listener === undefined) {
      this.#listener = listener
      return
    }
    this.#others ??= new Set()
    this.#others.add(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined
    else this.#others?.delete(listener)
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason
  }

  /** Ends the work. What comes after the first time changes nothing. */
  cancel(reason: unknown = new DOMException('This operation was aborted', 'AbortError')): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    const listeners = [...(this.#listener ? [this.#listener] : []), ...(this.#others ?? [])]
    this.#listener = undefined
    this.#others = undefined
    for (const listener of listeners) listener()
  }
}

/** The same as an AbortSignal, for what takes nothing else. */
export function signalOf(cancellation: Cancellation): AbortSignal {
  if (cancellation instanceof AbortSignal) return cancellation
  const controller = new AbortController()
  const abort = () => controller.abort(cancellation.reason)
  if (cancellation.aborted) abort()
  else cancellation.addEventListener('abort', abort, { once: true })
  return controller.signal
}
