import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import { ROOT } from '../../src/root.ts'

/** Who may import whom: the table of ARCHITECTURE.md. The first rule that fits a file holds for it. */
const RULES: { files: RegExp; may: RegExp[] }[] = [
  {
    files: /^api\/.*\/schemas\.ts$|^api\/v\d+\/schemas\.ts$/,
    may: [/^@sinclair\/typebox$/, /^api\/.*schemas\.ts$/, /^src\/domain\/actions\.ts$/],
  },
  {
    files: /^api\/v\d+\/[a-z-]+\/routes\.ts$/,
    may: [/^api\/operation\.ts$/, /schemas\.ts$/, /^src\/domain\//, /^src\/(policy|identity)\/[a-z-]+\.ts \(type\)$/],
  },
  {
    files: /^api\/plugins\//,
    may: [
      /^fastify$|^@fastify\//,
      /^node:/,
      /^api\/(operation|plugins)/,
      /^src\/domain\//,
      /^src\/(identity|policy|privacy|limits|audit|storage|work)\//,
      /^src\/canonical\.ts$/,
    ],
  },
  // Policy asked from outside: AuthZEN's shape is the policy point's to know.
  { files: /^api\/access\/routes\.ts$/, may: [/^fastify \(type\)$/, /^api\//, /^src\/(domain|policy)\//] },
  // It serves files, and they are found from the root.
  { files: /^api\/approvals-page\.ts$/, may: [/^fastify \(type\)$/, /^node:/, /^src\/root\.ts$/] },
  {
    files: /^api\//,
    may: [
      /^fastify$|^@fastify\/|^@sinclair\/typebox$|^pino \(type\)$/,
      /^node:/,
      /^api\//,
      /^src\/domain\//,
      /^src\/[a-z]+\/[a-z-]+\.ts \(type\)$/,
    ],
  },
  {
    files: /^src\/domain\//,
    may: [
      /^src\/domain\//,
      /^src\/privacy\//,
      /^src\/storage\/(generated\/|sql\.ts \(type\))/,
      /^node:(url|crypto|net)$/,
      /^uuid$/,
    ],
  },
  { files: /^src\/(main|create-admin)\.ts$/, may: [/./] },
  {
    files: /^src\/[a-z-]+\.ts$/,
    may: [
      /^node:/,
      /^src\/[a-z-]+\.ts$/,
      /^src\/identity\/(secrets|issuers)\.ts$/,
      /^src\/identity\/secrets\.ts$/,
      /^src\/limits\/.* \(type\)$/,
      /^pino \(type\)$/,
      /^canonicalize$/,
    ],
  },
  {
    files: /^src\/storage\//,
    may: [/^src\/storage\//, /^src\/root\.ts$/, /^node:/, /^pg$|^@prisma\/|^@electric-sql\/|^pglite-prisma-adapter$/],
  },
  { files: /^src\/(audit\/cli|policy\/(cli|command))\.ts$/, may: [/./] },
  {
    files: /^src\/audit\//,
    may: [/^src\/(audit|domain|storage)\//, /^src\/canonical\.ts$/, /^src\/identity\/secrets\.ts$/, /^node:/, /^uuid$/],
  },
  { files: /^src\/policy\//, may: [/^src\/(policy|domain)\//, /^node:/, /^@cedar-policy\//] },
  {
    files: /^src\/limits\//,
    may: [/^src\/(limits|domain)\//, /^(rate-limiter-flexible|ioredis)$/],
  },
  {
    files: /^src\/identity\//,
    may: [/^src\/(identity|domain)\//, /^src\/storage\/.* \(type\)$/, /^node:/, /^jose$/],
  },
  { files: /^src\/privacy\//, may: [/^src\/privacy\//, /^node:net$/, /^libphonenumber-js\/max$/, /^ibantools$/] },
  {
    files: /^src\/audit\//,
    may: [
      /^src\/(audit|domain|storage)\//,
      /^src\/(canonical|config|root)\.ts$/,
      /^src\/identity\/secrets\.ts$/,
      /^node:/,
      /^uuid$/,
    ],
  },
  {
    files: /^src\/work\//,
    may: [
      /^src\/(work|domain|storage)\//,
      /^src\/identity\/.* \(type\)$/,
      /^node:/,
      /^(pg-boss|undici|standardwebhooks|uuid)$/,
    ],
  },
  { files: /^prisma\//, may: [/^prisma\//, /^src\/storage\/generated\//, /^src\/random\.ts$/, /^uuid$/] },
  {
    files: /^mcp-adapter\/src\//,
    may: [
      /^mcp-adapter\/src\//,
      /^node:/,
      /^@modelcontextprotocol\//,
      /^(@scalar\/openapi-upgrader|ajv|ajv-formats|jose|jsonpath-rfc9535|lossless-json|undici|yaml)(\/|$)/,
    ],
  },
]

const files = ['api', 'src', 'prisma', 'mcp-adapter/src'].flatMap((folder) =>
  (readdirSync(join(ROOT, folder), { recursive: true }) as string[])
    .filter((name) => name.endsWith('.ts') && !name.startsWith('storage/generated'))
    .map((name) => `${folder}/${name}`),
)

/** What a file imports: a path below the root, or a package; ` (type)` where only types are taken. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return [
    ...text.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[^'"]*?\s+from\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm),
  ].map(([, type, fixed, dynamic]) => {
    const name = (fixed ?? dynamic) as string
    const target = name.startsWith('.') ? relative(ROOT, join(ROOT, dirname(file), name)) : name
    return type ? `${target} (type)` : target
  })
}

t.test('every file keeps to the import rules', async (t) => {
  const broken = files.flatMap((file) => {
    const rule = RULES.find((each) => each.files.test(file))
    if (!rule) return [`${file} falls under no rule`]
    return importsOf(file)
      .filter((name) => !rule.may.some((allowed) => allowed.test(name) || allowed.test(name.replace(' (type)', ''))))
      .map((name) => `${file} may not import ${name}`)
  })
  t.same(broken, [])
})

t.test('the check sees what it should', async (t) => {
  t.ok(files.length > 50)
  t.ok(importsOf('src/main.ts').includes('@handrail/mcp-adapter'))
  t.ok(importsOf('api/app.ts').includes('api/v1/index.ts'))
  t.ok(importsOf('api/app.ts').includes('src/storage/storage.ts (type)'))
})

t.test('Fastify stays in api/, the environment in the configuration', async (t) => {
  for (const file of files) {
    const text = readFileSync(join(ROOT, file), 'utf8')
    if (!file.startsWith('api/'))
      t.notOk(
        importsOf(file).some((name) => /fastify/.test(name)),
        file,
      )
    // The curation names the variables that hold the adapter's own credentials.
    const reads =
      /src\/(main|create-admin|config|(audit|policy)\/cli)\.ts$|mcp-adapter\/src\/(commands\/cli|backend\/backends)\.ts$/
    if (!reads.test(file)) t.notMatch(text, /process\.env/, file)
  }
})
