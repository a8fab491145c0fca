/** Owns an account's whole life in Chromium: codes from the outbox, an authenticator app, a passkey, two devices, leaving. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Secret, TOTP } from 'otpauth'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { captchaAnswer, freshMobile } from '../app.ts'
import { launchBrowser, openTab, phone } from '../browser.ts'
import type { Tab } from '../browser.ts'
import { startMachine } from '../machine.ts'
import type { Machine } from '../machine.ts'
import { createOutboxReader } from '../outbox.ts'

let machine: Machine
let browser: Awaited<ReturnType<typeof launchBrowser>>
let site: { base: string }
let nextMessage: ReturnType<typeof createOutboxReader>
let desk: Tab
let mobile = freshMobile()
let password = `Aa1-${randomBytes(9).toString('base64url')}`
let app: TOTP | undefined
let recoveryCodes: string[] = []

beforeAll(async () => {
  machine = await startMachine({ environment: { VIREO_REGISTRATION_PROOF: 'code' } })
  // Passkeys belong to a name; an address made of numbers has none.
  site = { base: machine.base.replace('127.0.0.1', 'localhost') }
  nextMessage = createOutboxReader(machine.dataDir)
  browser = await launchBrowser()
  desk = await openTab(browser, site, { locale: 'en' })
})
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await machine[Symbol.asyncDispose]()
})

const codeFor = async (purpose: string, to = mobile): Promise<string> =>
  (await nextMessage(purpose, to)).code ?? ''

const submit = (page: Page): Promise<void> => page.locator('form button[type="submit"]').first().click()
const left = (page: Page, path: string): Promise<void> =>
  page.waitForURL((url) => !url.pathname.startsWith(path))
/** Fills the picture's code and asks for a code by SMS or e-mail. */
const askForCode = async (page: Page): Promise<void> => {
  await page.locator('[name=img_code]').fill(captchaAnswer)
  await page.getByRole('button', { name: 'Send code' }).click()
}
const said = (page: Page, text: string): Promise<void> => page.getByText(text).first().waitFor()
const dialog = (page: Page) => page.getByRole('dialog')
const confirmWithPassword = async (page: Page, action: string): Promise<void> => {
  await dialog(page).locator('[name=current_password]').fill(password)
  await dialog(page).getByRole('button', { name: action, exact: true }).click()
}

let lastStep = 0
/** A code of the app that was not used before; waits while there is none that counts already. */
const appCode = async (page: Page): Promise<string> => {
  if (!app) throw new Error('there is no app yet')
  const now = (): number => Math.floor(Date.now() / 30_000)
  const step = Math.max(now(), lastStep + 1)
  while (step > now() + 1) await page.waitForTimeout(250)
  lastStep = step
  return app.generate({ timestamp: step * 30_000 })
}

const signInByPassword = async (page: Page): Promise<void> => {
  await page.goto('/login')
  await page.locator('[name=account]').fill(mobile)
  await page.locator('[name=password]').fill(password)
  await submit(page)
}
const signOut = async (page: Page): Promise<void> => {
  await page.goto('/me')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL((url) => url.pathname === '/')
}

it('registers by SMS', async () => {
  const { page } = desk
  await page.goto('/register')
  await page.locator('[name=mobile]').fill(mobile)
  expect(await page.locator('[name=sms_code]').getAttribute('autocomplete')).toBe('one-time-code')
  await askForCode(page)
  await page.locator('[name=sms_code]').fill('000000')
  await page.locator('[name=password]').fill(password)
  await submit(page)
  await page.getByText('The SMS code is wrong').waitFor()
  await page.locator('[name=sms_code]').fill(await codeFor('register'))
  await submit(page)
  await left(page, '/register')
  await page.goto('/settings/security')
  await page.getByText('Verified').waitFor()
})

it('ends the page of another device within five seconds after it was signed out', async () => {
  const { page } = desk
  await using other = await openTab(browser, site, { locale: 'en', viewport: phone })
  await other.page.goto('/login')
  await other.page.getByRole('tab', { name: 'SMS code' }).click()
  await other.page.locator('[name=mobile]').fill(mobile)
  await askForCode(other.page)
  await other.page.locator('[name=sms_code]').fill(await codeFor('login'))
  await submit(other.page)
  await left(other.page, '/login')
  const opened = other.page.waitForEvent('websocket')
  await other.page.goto('/settings')
  await other.page.locator('[name=nickname]').waitFor()
  const socket = await opened

  await page.reload()
  await page.locator('[data-session]').nth(1).waitFor()
  expect(await page.locator('[data-session]').count()).toBe(2)
  await page.getByRole('button', { name: /^Sign out:/ }).click()
  await dialog(page).getByRole('button', { name: 'Sign out', exact: true }).click()
  if (!socket.isClosed()) await socket.waitForEvent('close', { timeout: 5_000 })
  await other.page.getByText('This device was signed out').waitFor({ timeout: 5_000 })
  expect(new URL(other.page.url()).pathname).toBe('/login')
  await page.locator('[data-session]').nth(1).waitFor({ state: 'detached' })
})

it('switches an authenticator app on and signs in with it', async () => {
  const { page } = desk
  await page.goto('/settings/security')
  await page.getByRole('button', { name: 'Switch on', exact: true }).click()
  await dialog(page).locator('[name=current_password]').fill('not-my-password')
  await dialog(page).getByRole('button', { name: 'Next' }).click()
  await dialog(page).getByText('The current password is wrong').waitFor()
  await confirmWithPassword(page, 'Next')
  await dialog(page).getByAltText('QR code for the authenticator app').waitFor()
  const secret = (await dialog(page).locator('code').textContent())?.trim() ?? ''
  app = new TOTP({ secret: Secret.fromBase32(secret) })
  await dialog(page)
    .locator('[name=code]')
    .fill(await appCode(page))
  await dialog(page).getByRole('button', { name: 'Switch on', exact: true }).click()
  await page.getByText('Keep your recovery codes').waitFor()
  recoveryCodes = await page.locator('[data-recovery-code]').allTextContents()
  expect(recoveryCodes.length).toBeGreaterThanOrEqual(8)
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download' }).click(),
  ])
  expect(await readFile(await file.path(), 'utf8')).toContain(recoveryCodes[0])
  await page.getByRole('button', { name: 'I have kept them' }).click()
  await page.getByText(`${recoveryCodes.length} left`).waitFor()

  await signOut(page)
  await signInByPassword(page)
  await page.getByText('One more step').waitFor()
  await page.locator('[name=code]').fill('123')
  await submit(page)
  await page.getByText('The two-step code is wrong').waitFor()
  await page.locator('[name=code]').fill(await appCode(page))
  await submit(page)
  await left(page, '/login')
})

it('lets in with a recovery code when the app is lost, once', async () => {
  const { page } = desk
  const [first = ''] = recoveryCodes
  for (const isFirst of [true, false]) {
    await signOut(page)
    await signInByPassword(page)
    await page.getByRole('radio', { name: 'Recovery code' }).click()
    await page.locator('[name=code]').fill(first)
    await submit(page)
    if (isFirst) await left(page, '/login')
    else {
      await page.getByText('The two-step code is wrong').waitFor()
      await page.locator('[name=code]').fill(recoveryCodes[1] ?? '')
      await submit(page)
      await left(page, '/login')
    }
  }
})

it('adds a passkey and signs in with it alone', async () => {
  const { page, context } = desk
  const devtools = await context.newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  await page.goto('/settings/security')
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await dialog(page).locator('[name=name]').fill('My desk')
  await confirmWithPassword(page, 'Next')
  await page.getByText('My desk', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Rename: My desk' }).click()
  await dialog(page).locator('[name=name]').fill('My old desk')
  await dialog(page).getByRole('button', { name: 'Save' }).click()
  await page.getByText('My old desk', { exact: true }).waitFor()

  await signOut(page)
  await page.goto('/login')
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await left(page, '/login')
  await page.goto('/settings/security')
  await page.getByRole('button', { name: 'Remove: My old desk' }).click()
  await confirmWithPassword(page, 'Remove')
  await page.getByText('No passkeys yet').waitFor()
})

it('crops a picture to a square, keeps links, and refuses what is no link', async () => {
  const { page } = desk
  await page.goto('/settings')
  const buffer = await sharp({ create: { width: 900, height: 300, channels: 3, background: '#2a7' } })
    .composite([
      { input: { create: { width: 300, height: 300, channels: 3, background: '#d22' } }, left: 600, top: 0 },
    ])
    .png()
    .toBuffer()
  await page.locator('input[type=file]').setInputFiles({ name: 'wide.png', mimeType: 'image/png', buffer })
  await dialog(page).getByRole('application').focus()
  // As far as it goes: the right end of the picture is seen.
  for (let n = 0; n < 40; n++) await page.keyboard.press('ArrowLeft')
  await dialog(page).getByRole('button', { name: 'Use this' }).click()
  await said(page, 'Picture updated')
  const source = await page.locator('section img').first().getAttribute('src')
  const avatar = sharp(Buffer.from(await (await fetch(`${machine.base}${source ?? ''}`)).arrayBuffer()))
  const { width, height } = await avatar.metadata()
  expect(width).toBe(height)
  const { channels } = await avatar.stats()
  expect(channels.map(({ mean }) => mean > 128)).toEqual([true, false, false])

  await page.getByRole('button', { name: 'Add a link' }).click()
  await page.locator('[name=link_0]').fill('javascript:alert(1)')
  await page.locator('[name=username]').fill(`bird${randomBytes(4).toString('hex')}`)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('This is not a whole web address').waitFor()
  await page.locator('[name=link_0]').fill('https://example.com/me')
  await page.getByRole('button', { name: 'Save' }).click()
  await said(page, 'Saved')
  await page.reload()
  expect(await page.locator('[name=link_0]').inputValue()).toBe('https://example.com/me')
  await page.getByText('stays reserved for you for 30 days').waitFor()
})

it('resets the password by SMS, which signs every device out', async () => {
  const { page } = desk
  await using other = await openTab(browser, site, { locale: 'en' })
  await other.page.goto('/login')
  await other.page.getByRole('link', { name: 'Forgot your password?' }).click()
  await left(other.page, '/login')
  await other.page.locator('[name=account]').fill(mobile)
  await other.page.locator('[name=img_code]').fill(captchaAnswer)
  await submit(other.page)
  const code = await codeFor('reset_password')
  password = `Bb2-${randomBytes(9).toString('base64url')}`
  await other.page.locator('[name=sms_code]').fill(code)
  await other.page.locator('[name=password]').fill(password)
  expect(await other.page.locator('[name=password]').getAttribute('autocomplete')).toBe('new-password')
  await submit(other.page)
  await other.page.waitForURL((url) => url.pathname === '/login')
  await page.getByText('This device was signed out').waitFor({ timeout: 5_000 })

  await signInByPassword(page)
  await page.locator('[name=code]').fill(await appCode(page))
  await submit(page)
  await left(page, '/login')
})

it('changes the number, adds an address, and tells the old number', async () => {
  const { page } = desk
  const before = mobile
  const after = freshMobile()
  await page.goto('/settings/security')
  await page.getByRole('button', { name: 'Change mobile number' }).click()
  await dialog(page).locator('[name=mobile]').fill(after)
  await askForCode(page)
  await dialog(page)
    .locator('[name=sms_code]')
    .fill(await codeFor('change_mobile', after))
  await confirmWithPassword(page, 'Change')
  await said(page, 'The mobile number was changed')
  mobile = after
  await nextMessage('notice_mobile_changed', before)
  await page
    .getByText(`${after.slice(0, 3)}****${after.slice(-4)}`)
    .first()
    .waitFor()

  await page.getByRole('button', { name: 'Change e-mail address' }).click()
  await dialog(page).locator('[name=email]').fill('somebody@example.com')
  await askForCode(page)
  await dialog(page)
    .locator('[name=email_code]')
    .fill(await codeFor('change_email', 'somebody@example.com'))
  await confirmWithPassword(page, 'Add')
  await said(page, 'The e-mail address was changed')
})

it('resets the password by the link of a mail, which stands in no address afterwards', async () => {
  const { page } = desk
  await using other = await openTab(browser, site, { locale: 'en' })
  await other.page.goto('/reset-password')
  await other.page.locator('[name=account]').fill('somebody@example.com')
  await other.page.locator('[name=img_code]').fill(captchaAnswer)
  await submit(other.page)
  await other.page.getByText('Open the link in the mail').waitFor()
  const { text } = await nextMessage('reset_password', 'somebody@example.com')
  const link = new URL(/https?:\S+/.exec(text)?.[0] ?? '')
  await using fresh = await openTab(browser, site, { locale: 'en' })
  await fresh.page.goto(link.pathname + link.hash)
  password = `Cc3-${randomBytes(9).toString('base64url')}`
  await fresh.page.locator('[name=password]').fill(password)
  expect(fresh.page.url()).not.toContain('token')
  await submit(fresh.page)
  await left(fresh.page, '/reset-password')
  await said(page, 'This device was signed out')
  await signInByPassword(page)
  await page.getByRole('radio', { name: 'Recovery code' }).click()
  await page.locator('[name=code]').fill(recoveryCodes[3] ?? '')
  await submit(page)
  await left(page, '/login')
})

it('exports what is kept and leaves, and coming back stops that', async () => {
  const { page } = desk
  await page.goto('/settings/security')
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export', exact: true }).click(),
  ])
  const zip = await readFile(await file.path())
  expect(zip.subarray(0, 2).toString()).toBe('PK')

  await page.getByRole('button', { name: 'Delete account' }).click()
  await dialog(page)
    .locator('[name=totp]')
    .fill(await appCode(page))
  await confirmWithPassword(page, 'Delete account')
  await said(page, 'Your account is closed')
  await signInByPassword(page)
  await page.getByRole('radio', { name: 'Recovery code' }).click()
  await page.locator('[name=code]').fill(recoveryCodes[2] ?? '')
  await submit(page)
  await said(page, 'your account will not be deleted')
  expect(desk.complaints.filter((text) => /^(foreign|exception)/.test(text))).toEqual([])
}, 120_000)
