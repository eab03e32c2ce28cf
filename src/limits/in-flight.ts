/** Counts what is being carried out, in all and for each caller. */
export interface InFlight {
  /** @returns what ends it, once; undefined where too much is under way */
  enter(): (() => void) | undefined
  /** The same for one caller. */
  enterAs(caller: string): (() => void) | undefined
}

/** @param most requests at a time in all @param mostPerCaller at a time of one caller */
export function createInFlight(most: number, mostPerCaller: number): InFlight {
  let all = 0
  const byCaller = new Map<string, number>()
  return {
    enter() {
      if (all >= most) return undefined
      all++
      return once(() => {
        all--
      })
    },
    enterAs(caller) {
      const count = byCaller.get(caller) ?? 0
      if (count >= mostPerCaller) return undefined
      byCaller.set(caller, count + 1)
      return once(() => {
        const left = (byCaller.get(caller) as number) - 1
        // Callers come and go: the table holds those who are here.
        if (left === 0) byCaller.delete(caller)
        else byCaller.set(caller, left)
      })
    },
  }
}

function once(act: () => void): () => void {
  let done = false
  return () => {
    if (!done) act()
    done = true
  }
}
