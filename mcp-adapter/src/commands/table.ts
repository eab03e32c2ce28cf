import { call } from './call.ts'
import { check } from './check.ts'
import type { Command } from './command.ts'
import { init } from './init.ts'
import { lintCommand } from './lint.ts'
import { listCommand } from './list.ts'
import { lockCommand } from './lock.ts'
import { serve } from './serve.ts'
import { show } from './show.ts'
import { stdio } from './stdio.ts'
import { usage } from './usage.ts'

/** Every command, in the order in which help shows them. */
export const COMMANDS: readonly Command[] = [
  init,
  listCommand,
  show,
  call,
  lintCommand,
  lockCommand,
  check,
  serve,
  stdio,
  usage,
]
