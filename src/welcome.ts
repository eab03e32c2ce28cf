import { join, relative } from 'node:path'

interface Started {
  api: string
  mcp: string
  /** Where the demo keys are, when there are any. */
  keysFile: string | undefined
  root: string
}

/** What a newcomer needs to go on. No secret is printed: the lines read the keys from their file. */
export function welcome({ api, mcp, keysFile, root }: Started): string {
  const lines = [
    '',
    'Handrail is running.',
    '',
    `  API and docs   ${api}/docs`,
    `  Approvals      ${api}/approvals`,
    `  MCP endpoint   ${mcp}`,
  ]
  if (keysFile !== undefined) {
    const file = relative(process.cwd(), keysFile) || keysFile
    lines.push(
      `  Demo keys      ${file}  (admin, manager, support, customer, agent)`,
      '',
      'Try it as the demo customer:',
      '',
      `  curl -s -H "Authorization: Bearer $(node -p 'require("${keysFile}").customer')" ${api}/api/v1/me`,
      '',
      'Connect an agent over stdio, acting for the support person:',
      '',
      JSON.stringify({ mcpServers: { handrail: stdioConfig(root, api, `${keysFile}#/agent`) } }, null, 2),
    )
  }
  lines.push('', 'Ctrl-C stops it.', '')
  return lines.join('\n')
}

const stdioConfig = (root: string, api: string, tokenFile: string) => ({
  command: process.execPath,
  args: [
    join(root, 'mcp-adapter', 'bin', 'handrail-mcp.js'),
    'stdio',
    '--config',
    join(root, 'mcp-adapter', 'tools.yaml'),
    '--api',
    api,
  ],
  env: { HANDRAIL_TOKEN_FILE: tokenFile },
})
