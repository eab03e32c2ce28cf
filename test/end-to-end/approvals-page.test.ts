import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { askFor, askForRefund, HOSTILE } from '../support/approvals.ts'
import { listen, noBrowser, openBrowser, openPage } from '../support/browser.ts'
import { focused, press, says, tabTo } from '../support/keyboard.ts'
import { startService } from '../support/service.ts'

const AGENT = { person: 'support', agentId: 'copilot' } as const
const POLL_MS = 15_000

t.test('a person decides on approvals with the keyboard alone', { skip: noBrowser }, async (t) => {
  const service = await startService(t)
  const url = await listen(service)
  const browser = await openBrowser(t)
  const read = async (id: string) => (await service.call('admin', 'GET', `/approvals/${id}`)).body

  /** A test with a page of its own, and nothing on the list that it did not put there. */
  const onPage = (name: string, run: (t: Test, page: Page) => Promise<void>, width = 1280) =>
    t.test(name, async (t) => {
      await service.storage.db.approval.deleteMany()
      const { page, errors } = await openPage(t, browser, { viewport: { width, height: 700 } })
      await page.goto(`${url}/approvals`)
      await run(t, page)
      t.same(errors, [], 'the page has no errors of its own')
      t.equal(await page.evaluate('localStorage.length + sessionStorage.length + document.cookie.length'), 0)
      t.equal(page.url(), `${url}/approvals`)
    })
  async function signIn(page: Page, key: string): Promise<void> {
    await tabTo(page, 'textbox', 'API key')
    await page.keyboard.insertText(key)
    await page.keyboard.press('Enter')
    await focused(page, 'heading', 'Requests')
  }
  async function open(page: Page, name: string): Promise<void> {
    await press(page, 'button', new RegExp(`^${name} `))
    await focused(page, 'heading', name)
  }

  await onPage('signs in with a key, and only with one that is valid', async (t, page) => {
    await page.keyboard.press('Tab')
    await focused(page, 'link', 'Skip to the content')
    await page.keyboard.press('Tab')
    const field = page.getByRole('textbox', { name: 'API key' })
    t.match(await field.getAttribute('autocomplete'), 'off')
    await page.keyboard.press('Enter')
    await says(page, 'The key is missing.')
    await page.keyboard.insertText('hr_wrong')
    await page.keyboard.press('Enter')
    await says(page, /The key is unknown, revoked or expired\..*Paste the whole key/s)
    await focused(page, 'textbox', 'API key')
    await page.keyboard.press('Control+A')
    await page.keyboard.insertText(` ${service.keys.manager}\n`)
    await page.keyboard.press('Enter')
    await focused(page, 'heading', 'Requests')
    await says(page, /Signed in as manager Tester \(manager\)/)
    await says(page, /No request is pending/)
    t.equal(await field.inputValue().catch(() => ''), '')
    t.same(await page.getByRole('main').count(), 1)
    await press(page, 'button', 'Sign out')
    await focused(page, 'textbox', 'API key')
    t.notMatch(await page.content(), service.keys.manager)
  })

  await onPage('reads the exact change, and approves it', async (t, page) => {
    const id = await askForRefund(service, AGENT, 'The lamp arrived broken.')
    await signIn(page, service.keys.manager)
    await open(page, 'Refund order')
    const detail = page.getByRole('region', { name: 'Refund order' })
    const text = await detail.innerText()
    t.match(text, /the agent copilot, acting for support Tester \(support, support\)/)
    t.match(text, /High risk acts of agents need approval/)
    t.match(text, /Reason\s+The lamp arrived broken\./)
    const table = detail.getByRole('table', { name: /^The change/ })
    t.ok(await table.getByRole('row', { name: 'Refunded 0.00 EUR 49.95 EUR ≠ changed' }).isVisible())
    t.equal(await detail.getByRole('row', { name: /^User id/ }).count(), 0, 'what stays is folded away')
    await page.locator('summary').focus()
    await page.keyboard.press('Enter')
    t.ok(await detail.getByRole('row', { name: /^User id .* = same/ }).isVisible())
    const expires = await detail.locator('time').nth(1).getAttribute('datetime')
    t.equal(expires, (await read(id)).expiresAt)

    await page.keyboard.press('Escape')
    await focused(page, 'button', /^Refund order /)
    await open(page, 'Refund order')
    await press(page, 'button', 'Approve …')
    await page.getByRole('dialog', { name: 'Approve “Refund order”?' }).waitFor()
    await focused(page, 'textbox', 'Note (optional)')
    await page.keyboard.press('Escape')
    await focused(page, 'button', 'Approve …')
    t.equal((await read(id)).status, 'pending', 'Esc decides nothing')
    await page.keyboard.press('Enter')
    await page.keyboard.insertText('Seen the photos.')
    await press(page, 'button', 'Approve: Refund order')
    await page.getByRole('status').filter({ hasText: 'Approved: Refund order' }).waitFor()
    await focused(page, 'heading', 'Refund order')
    await says(page, 'Approved: can be carried out once, until it expires')
    t.match(await read(id), { status: 'approved', note: 'Seen the photos.' })
    t.equal(await page.getByRole('button', { name: 'Approve …' }).count(), 0)
    await page.keyboard.press('Escape')
    await focused(page, 'button', /^Refund order .*Approved/)
  })

  await onPage('denies, and says why', async (t, page) => {
    const id = await askFor(service, AGENT, {})
    await signIn(page, service.keys.admin)
    await open(page, 'Delete user')
    await says(page, 'Nothing is left of it afterwards.')
    await press(page, 'button', 'Deny …')
    await press(page, 'button', 'Deny: Delete user')
    await page.getByRole('alert').filter({ hasText: 'Say why' }).waitFor()
    await focused(page, 'textbox', 'Why? The one who asked reads this.')
    await page.keyboard.insertText('Bob is still with us.')
    await press(page, 'button', 'Deny: Delete user')
    await page.getByRole('status').filter({ hasText: 'Denied: Delete user.' }).waitFor()
    t.match(await read(id), { status: 'denied', note: 'Bob is still with us.' })
    await tabTo(page, 'combobox', 'Show')
    await page.keyboard.press('d')
    await open(page, 'Delete user')
    await says(page, 'Bob is still with us.')
    await says(page, /admin Tester/)
  })

  await onPage('says why one cannot decide', async (t, page) => {
    await askFor(service, { person: 'manager' }, {})
    await signIn(page, service.keys.manager)
    await open(page, 'Delete user')
    await says(page, /You asked for this yourself/)
    t.equal(await page.getByRole('button', { name: /Approve|Deny/ }).count(), 0)
    await page.keyboard.press('Escape')

    const other = await askFor(service, AGENT, { operationId: 'closeUser' })
    await press(page, 'button', 'Refresh')
    await open(page, 'Close user')
    await press(page, 'button', 'Approve …')
    await press(page, 'button', 'Approve: Close user')
    const alert = page.getByRole('dialog').getByRole('alert')
    await alert.filter({ hasText: 'Not decided. The request is for something that you may not do yourself.' }).waitFor()
    t.equal((await read(other)).status, 'pending')
    await press(page, 'button', 'Go back')
    await press(page, 'button', 'Sign out')

    await askFor(service, { person: 'ada', agentId: 'shopper' }, {})
    await signIn(page, service.keys.adaAgent)
    await says(page, /Signed in as the agent shopper, acting for ada \(customer\)/)
    await says(page, /the key of an agent. Only people decide: here you can look/)
    await open(page, 'Delete user')
    t.equal(await page.getByRole('button', { name: /Approve|Deny/ }).count(), 0)
    await press(page, 'button', 'Sign out')

    await signIn(page, service.keys.agent)
    await says(page, /The list could not be read\. The credential does not include the scope/)
  })

  await onPage('learns that somebody else decided meanwhile, or that it was too late', async (t, page) => {
    const [late, decided] = [await askFor(service, AGENT, {}), await askForRefund(service, AGENT, 'Broken.')]
    await signIn(page, service.keys.admin)
    await open(page, 'Refund order')
    await service.call('manager', 'POST', `/approvals/${decided}/deny`, { note: 'No.' })
    await press(page, 'button', 'Approve …')
    await press(page, 'button', 'Approve: Refund order')
    await page.getByRole('alert').filter({ hasText: 'You did not decide on this. The approval is denied.' }).waitFor()
    await focused(page, 'heading', 'Refund order')
    t.equal(await page.getByRole('button', { name: 'Approve …' }).count(), 0)

    await page.keyboard.press('Escape')
    await open(page, 'Delete user')
    await service.storage.db.approval.update({ where: { id: late }, data: { expiresAt: new Date() } })
    await press(page, 'button', 'Approve …')
    await press(page, 'button', 'Approve: Delete user')
    await page.getByRole('alert').filter({ hasText: 'The approval is expired.' }).waitFor()
    await says(page, 'Expired before it was decided on or used')
    t.equal((await read(late)).status, 'expired')
  })

  await onPage('may press again when no answer came: nothing is done twice', async (t, page) => {
    const id = await askFor(service, AGENT, {})
    await signIn(page, service.keys.admin)
    const keys: (string | undefined)[] = []
    await page.route('**/approve', async (route) => {
      keys.push(route.request().headers()['idempotency-key'])
      if (keys.length > 1) return route.continue()
      await route.fetch()
      await route.abort('connectionreset')
    })
    await open(page, 'Delete user')
    await press(page, 'button', 'Approve …')
    await press(page, 'button', 'Approve: Delete user')
    await page.getByRole('alert').filter({ hasText: 'Press again: that is safe' }).waitFor()
    await page.keyboard.press('Enter')
    await says(page, 'Approved: can be carried out once, until it expires')
    t.match(keys[0], /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/)
    t.same(keys, [keys[0], keys[0]])
    t.match(await read(id), { status: 'approved', version: 2 })
  })

  const hostile = async (t: Test, page: Page) => {
    await askFor(service, AGENT, {
      operationId: 'sendMessage',
      action: 'message:send',
      resource: { type: 'Channel', id: 'mail', team: false },
      request: { path: {}, query: {}, body: { text: HOSTILE, 'key\u202E': '' } },
      effect: { before: null, after: { text: HOSTILE, status: 'queued' } },
    })
    await service.storage.db.approval.updateMany({ data: { agentId: `${'w'.repeat(5000)}\u202E` } })
    await signIn(page, service.keys.manager)
    await open(page, 'Send message')
    const detail = page.getByRole('region', { name: 'Send message' })
    t.equal(await detail.locator('img, script, a, iframe').count(), 0, 'no element comes of a text')
    const text = (await detail.getByRole('row', { name: /^Text/ }).textContent()) ?? ''
    t.match(text, 'Paid in full\\u202Eevil\\u202C\\nzero\\u200Bwidth\\u2060\\uFEFF\\n<img src=x')
    t.match(text, '+ added')
    t.notMatch(await page.locator('body').innerText(), /[\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/)
    const escapes = await detail.getByRole('row', { name: /^Text/ }).locator('.escape').allTextContents()
    t.equal(escapes.filter((each) => each === '\\u202E').length, 1, 'a written-out escape is none')
    await press(page, 'button', 'Deny …')
    const widths = await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')
    t.equal((widths as number[])[0], (widths as number[])[1], 'nothing scrolls sideways')
  }
  await onPage('is not fooled by hostile texts', hostile)
  await onPage('is not fooled by hostile texts, 320 pixels wide', hostile, 320)

  await onPage('is not disturbed by what is new, and signed out with the key', async (t, page) => {
    await page.clock.install()
    for (let count = 0; count < 21; count++) await askFor(service, AGENT, {})
    await signIn(page, service.keys.manager)
    await says(page, /^20 or more pending/)
    await press(page, 'button', 'Show more')
    await says(page, /^21 pending/)
    await focused(page, 'button', /^Delete user /)
    await page.keyboard.press('Enter')
    await focused(page, 'heading', 'Delete user')
    await tabTo(page, 'button', 'Deny …')
    await askForRefund(service, AGENT, 'Broken.')
    await page.clock.fastForward(POLL_MS)
    await page.getByRole('status').filter({ hasText: 'New: 1. 22 pending' }).waitFor()
    await focused(page, 'button', 'Deny …')
    t.equal(await page.title(), '(22) Approvals – Handrail')
    t.ok(await page.getByRole('region', { name: 'Delete user' }).isVisible())

    await service.storage.db.apiKey.updateMany({ where: { name: 'manager' }, data: { revokedAt: new Date() } })
    await page.clock.fastForward(POLL_MS)
    await says(page, /You are signed out\. The key is unknown, revoked or expired/)
    await focused(page, 'textbox', 'API key')
    t.equal(await page.getByRole('region', { name: 'Delete user' }).count(), 0)
  })

  await t.test('the browser itself refuses markup made of text', async (t) => {
    const page = await browser.newPage()
    await page.goto(`${url}/approvals`)
    await t.rejects(page.evaluate('document.body.innerHTML = "<i>x</i>"'), /TrustedHTML/)
  })
})
