// `prisma generate` needs no schema engine, yet Prisma 7 downloads one before it starts. Naming any existing program
// as that engine keeps the install to what the npm registry holds.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const prisma = join(dirname(require.resolve('prisma/package.json')), 'build', 'index.js')
const { status, stdout, stderr } = spawnSync(process.execPath, [prisma, 'generate'], {
  encoding: 'utf8',
  env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1', ...process.env },
})
if (status !== 0) process.stderr.write(`${stdout}${stderr}`)
process.exit(status ?? 1)
