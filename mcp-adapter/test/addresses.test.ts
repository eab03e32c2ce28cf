import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { Agent, request } from 'undici'
import { createPublicConnector, isPrivateAddress, publicLookup } from '../src/backend/addresses.ts'

t.test('private, loopback, link-local, mapped and reserved addresses are private; others are not', async (t) => {
  for (const ip of [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.100.100.200',
    '0.0.0.0',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1%eth0',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'not an address',
  ])
    t.ok(isPrivateAddress(ip), ip)
  for (const ip of ['1.1.1.1', '172.32.0.1', '2606:4700:4700::1111', '::ffff:1.1.1.1'])
    t.notOk(isPrivateAddress(ip), ip)
})

t.test('a name that leads to a private address is refused, whatever else it leads to', async (t) => {
  for (const all of [true, false])
    await new Promise<void>((resolve) => {
      publicLookup('localhost', { all }, (error) => {
        t.equal((error as NodeJS.ErrnoException | null)?.code, 'EPRIVATE')
        resolve()
      })
    })
})

t.test('no connection is made to a private address, by name, by number, or in any notation', async (t) => {
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    response.end()
  }).listen(0)
  const agent = new Agent({ connect: createPublicConnector() })
  t.teardown(async () => {
    await agent.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  for (const host of ['localhost', '127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', '0']) {
    await t.rejects(request(`http://${host}:${port}/`, { dispatcher: agent }), { code: 'EPRIVATE' }, host)
  }
  t.equal(asked, 0)
})
