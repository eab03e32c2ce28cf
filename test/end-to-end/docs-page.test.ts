import t from 'tap'
import { listen, noBrowser, openBrowser } from '../support/browser.ts'
import { startService } from '../support/service.ts'

t.test('a person can try a call with a key on the docs page', { skip: noBrowser }, async (t) => {
  const service = await startService(t)
  const url = await listen(service)
  const browser = await openBrowser(t)
  const page = await browser.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  await page.goto(`${url}/docs`)
  await page.getByRole('button', { name: 'Authorize' }).click()
  // The first form is for keys, the second for access tokens.
  await page.locator('input#auth-bearer-value').first().fill(service.keys.ada)
  await page.getByRole('button', { name: 'Apply credentials' }).first().click()
  await page.locator('.btn-done').first().click()
  const operation = page.locator('#operations-me-getCurrentCaller')
  await operation.locator('.opblock-summary-control').click()
  await operation.getByRole('button', { name: 'Execute' }).click()
  const answer = operation.locator('.live-responses-table .response').first()
  await answer.waitFor()
  t.match(await answer.textContent(), /200.*"role": "customer"/s)
  t.same(errors, [], 'the page has no errors of its own')
})
