import type { Page } from 'playwright-core'

type Role = Parameters<Page['getByRole']>[0]
type Name = string | RegExp
const MOST_STOPS = 60

const named = (page: Page, role: Role, name: Name) =>
  page.getByRole(role, { name, ...(typeof name === 'string' && { exact: true }) })

/** Goes on with Tab until the element has the focus: what a keyboard cannot reach fails here. */
export async function tabTo(page: Page, role: Role, name: Name): Promise<void> {
  const wanted = named(page, role, name)
  await wanted.first().waitFor()
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    if ((await page.locator(':focus').and(wanted).count()) > 0) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach ${role} ${name}`)
}

export async function press(page: Page, role: Role, name: Name): Promise<void> {
  await tabTo(page, role, name)
  await page.keyboard.press('Enter')
}

/** Waits until the element has the focus. */
export const focused = (page: Page, role: Role, name: Name) =>
  page
    .locator(':focus')
    .and(named(page, role, name))
    .waitFor()

/** Waits until the page shows the text. */
export const says = (page: Page, text: Name) => page.getByText(text).first().waitFor()
