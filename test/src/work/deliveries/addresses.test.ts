import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import t from 'tap'
import { CodedError } from '../../../../src/domain/errors.ts'
import { createVault } from '../../../../src/identity/vault.ts'
import { AddressRefused, createAddresses, isPublic, type Resolve } from '../../../../src/work/deliveries/addresses.ts'
import { createWebhookSender } from '../../../../src/work/deliveries/webhook.ts'
import { startReceiver } from '../../../support/receiver.ts'

const none = createAddresses([])
const isRefused = (check: () => unknown) => {
  try {
    check()
    return false
  } catch (error) {
    return error instanceof CodedError && error.code === 'address-refused'
  }
}

t.test('only public addresses are public', async (t) => {
  const closed = `0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 169.254.169.254
    169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255
    198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
    :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:a9fe:a9fe 64:ff9b::7f00:1
    64:ff9b:1::a00:1 100::1 2001::1 2001:20::1 2001:db8::1 2002:7f00:1:: 3fff::1 fc00::1 fd00:ec2::254 fe80::1
    fe80::1%eth0 fec0::1 ff02::1 5f00::1 4000::1
    localhost 127.1 nonsense`
  for (const address of closed.split(/\s+/)) t.notOk(isPublic(address), address)
  for (const address of ['8.8.8.8', '1.1.1.1', '100.63.0.1', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::1']) {
    t.ok(isPublic(address), address)
  }
})

t.test('a webhook goes to https on a public host, however its address is written', async (t) => {
  for (const url of [
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'nonsense',
    'https://',
    'https://user:pass@example.com/',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://api.localhost/',
    'https://printer.local/',
    'https://metadata.google.internal/',
    'https://intranet/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://0177.0.0.1/',
    'https://１２７.０.０.１/',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[fd00:ec2::254]/',
    'https://10.0.0.1:8443/',
  ]) {
    t.ok(
      isRefused(() => none.check(url)),
      url,
    )
  }
  for (const url of ['https://example.com/hook?x=1', 'https://8.8.8.8/', 'https://[2606:4700::1111]:8443/h']) {
    t.equal(none.check(url).href, url)
  }
})

t.test('hosts that the operator vouches for are allowed as they are, by host or by host and port', async (t) => {
  const some = createAddresses(['hooks.internal', '127.0.0.1:9000', '[::1]:9000', 'tls.internal:443'])
  for (const url of [
    'http://hooks.internal/',
    'https://hooks.internal:8443/',
    'http://127.0.0.1:9000/',
    'http://[::1]:9000/',
    'https://tls.internal/',
  ]) {
    t.ok(some.check(url), url)
    t.equal(some.lookup(new URL(url)), undefined)
  }
  for (const url of ['http://127.0.0.1:9001/', 'http://tls.internal/', 'http://evil.hooks.internal/']) {
    t.ok(
      isRefused(() => some.check(url)),
      url,
    )
    t.ok(some.lookup(new URL(url)))
  }
})

const look = (lookup: LookupFunction, all: boolean) =>
  new Promise<unknown>((resolve) => lookup('receiver.example', { all }, (error, found) => resolve(error ?? found)))

t.test('what a name leads to is judged at every connect, and one bad address spoils the others', async (t) => {
  const good = { address: '8.8.8.8', family: 4 }
  let answer: LookupAddress[] = [good]
  const addresses = createAddresses([], (_name, done) => done(null, answer))
  const lookup = addresses.lookup(new URL('https://receiver.example/')) as LookupFunction
  t.same(await look(lookup, true), [good])
  t.equal(await look(lookup, false), '8.8.8.8')
  for (const address of ['127.0.0.1', '169.254.169.254', '::1', '::ffff:10.0.0.1', 'fd00::1']) {
    const bad = { address, family: address.includes(':') ? 6 : 4 }
    for (answer of [[bad], [good, bad], [bad, good]]) {
      t.ok((await look(lookup, true)) instanceof AddressRefused, address)
      t.ok((await look(lookup, false)) instanceof AddressRefused, address)
    }
  }
  answer = []
  t.ok((await look(lookup, true)) instanceof AddressRefused)
})

t.test('a name that leads home when it is sent to (DNS rebinding) reaches nobody', async (t) => {
  const receiver = await startReceiver(t, () => ({ status: 200 }))
  let asked = 0
  const resolve: Resolve = (_name, done) => {
    asked++
    done(null, [{ address: '127.0.0.1', family: 4 }])
  }
  const vault = createVault('a secret for tests, 32 characters')
  const sender = createWebhookSender(vault, createAddresses([], resolve))
  const target = `https://receiver.example:${new URL(receiver.url).port}/`
  const to = { id: 'c', kind: 'webhook' as const, target, secrets: [], rotatedAt: null }
  const letter = {
    id: 'm',
    event: null,
    text: 't',
    about: null,
    sentBy: { userId: 'u', agentId: null },
    createdAt: new Date(),
  }
  t.match(await sender.send(letter, to, AbortSignal.timeout(5000)), { kind: 'permanent', error: /not one that/ })
  t.equal(asked, 1)
  t.equal(receiver.received.length, 0)
})
