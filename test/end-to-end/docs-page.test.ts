import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { chromium } from 'playwright-core'
import t from 'tap'
import { startService } from '../support/service.ts'

/** Debian's browser; playwright-core brings none of its own. */
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

t.test(
  'a person can try a call with a key on the docs page',
  { skip: !existsSync(CHROMIUM) && 'no Chromium' },
  async (t) => {
    const { app, keys } = await startService(t)
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    t.teardown(() => browser.close())
    const page = await browser.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    await page.goto(`http://127.0.0.1:${port}/docs`)
    await page.getByRole('button', { name: 'Authorize' }).click()
    await page.locator('input#auth-bearer-value').fill(keys.ada)
    await page.getByRole('button', { name: 'Apply credentials' }).click()
    await page.locator('.btn-done').click()
    const operation = page.locator('#operations-me-getCurrentCaller')
    await operation.locator('.opblock-summary-control').click()
    await operation.getByRole('button', { name: 'Execute' }).click()
    const answer = operation.locator('.live-responses-table .response').first()
    await answer.waitFor()
    t.match(await answer.textContent(), /200.*"role": "customer"/s)
    t.same(errors, [], 'the page has no errors of its own')
  },
)
