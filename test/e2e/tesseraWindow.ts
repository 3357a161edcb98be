/** The window in the words of a person who uses it. */
import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Locator, type Page } from '@playwright/test'

/** The sample mosaic: 28 × 24 cells of 96 px. */
export const MOSAIC = { width: 2688, height: 2304, cell: 96, columns: 28, rows: 24 }

export type Cell = readonly [column: number, row: number]

export class TesseraWindow {
  readonly page: Page
  /** Errors of the page, of its console, and of the security policy. */
  readonly complaints: string[] = []

  constructor(page: Page) {
    this.page = page
    page.on('pageerror', (error) => this.complaints.push(error.message))
    page.on('console', (message) => {
      // OpenSeadragon warns of tiles that arrive after a slide was left; what the policy refuses is an error
      if (message.type() === 'error') this.complaints.push(message.text())
    })
  }

  /** The first start: the notice is read, the name is given. */
  async begin(name = 'Anna Berg'): Promise<void> {
    await expect(this.page.getByText('not for diagnosis'), this.complaints.join('; ')).toBeVisible()
    await this.page.getByLabel('Your name').fill(name)
    await this.page.getByRole('button', { name: 'Begin' }).click()
    // the slide is drawn behind the dialog; keys reach the window when it is gone
    await expect(this.page.getByLabel('Your name')).toBeHidden()
    await this.ready()
  }

  get viewer(): Locator {
    return this.page.locator('[data-slide]')
  }

  /** The slide's first tiles are drawn. */
  async ready(): Promise<void> {
    await expect(this.page.locator('[data-ready="true"]')).toBeVisible()
  }

  async fit(): Promise<void> {
    await this.page.getByRole('button', { name: 'Fit the slide' }).click()
    await expect.poll(async () => Number(await this.viewer.getAttribute('data-zoom'))).toBeLessThan(0.6)
    let before = ''
    await expect
      .poll(async () => {
        const now = (await this.viewer.getAttribute('data-zoom'))!
        const still = now === before
        before = now
        return still
      })
      .toBe(true)
  }

  /** Where the centre of a cell of the mosaic is on the screen, when the whole slide is shown, turned or mirrored as it is. */
  async centreOf([column, row]: Cell): Promise<{ x: number; y: number }> {
    const box = (await this.viewer.boundingBox())!
    const zoom = Number(await this.viewer.getAttribute('data-zoom'))
    const angle = (Number(await this.viewer.getAttribute('data-rotation')) * Math.PI) / 180
    const side = (await this.viewer.getAttribute('data-mirrored')) === 'true' ? -1 : 1
    const x = ((column + 0.5) * MOSAIC.cell - MOSAIC.width / 2) * zoom
    const y = ((row + 0.5) * MOSAIC.cell - MOSAIC.height / 2) * zoom
    return {
      x: box.x + box.width / 2 + side * (Math.cos(angle) * x - Math.sin(angle) * y),
      y: box.y + box.height / 2 + Math.sin(angle) * x + Math.cos(angle) * y,
    }
  }

  async click(cell: Cell, options: { button?: 'left' | 'right'; modifiers?: ('Alt' | 'Shift')[] } = {}): Promise<void> {
    const at = await this.centreOf(cell)
    for (const key of options.modifiers ?? []) await this.page.keyboard.down(key)
    await this.page.mouse.click(at.x, at.y, { button: options.button ?? 'left' })
    for (const key of options.modifiers ?? []) await this.page.keyboard.up(key)
  }

  /** Presses on one cell, moves to another, lets go. */
  async drag(from: Cell, to: Cell, options: { modifiers?: 'Shift'[] } = {}): Promise<void> {
    const [a, b] = [await this.centreOf(from), await this.centreOf(to)]
    for (const key of options.modifiers ?? []) await this.page.keyboard.down(key)
    await this.page.mouse.move(a.x, a.y)
    await this.page.mouse.down()
    await this.page.mouse.move(b.x, b.y, { steps: 6 })
    await this.page.mouse.up()
    for (const key of options.modifiers ?? []) await this.page.keyboard.up(key)
  }

  async hover(cell: Cell): Promise<void> {
    const at = await this.centreOf(cell)
    await this.page.mouse.move(at.x, at.y)
  }

  async hoverMiddle(): Promise<void> {
    const box = (await this.viewer.boundingBox())!
    await this.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  }

  /** Runs a command by its name in the palette. */
  async command(name: string): Promise<void> {
    await this.press('Control+k')
    await this.page.getByRole('textbox', { name: 'Command' }).fill(name)
    const first = this.page.getByRole('listbox', { name: 'Commands' }).getByRole('option').first()
    await expect(first).toContainText(name)
    // Enter takes the one that is marked, which happens just after it is there.
    await expect(first).toHaveAttribute('data-highlighted')
    await this.press('Enter')
  }

  /** Chooses from the menu of a class. */
  async classMenu(className: string, item: string | RegExp): Promise<void> {
    await this.stage('Label')
    await this.page
      .getByRole('list', { name: 'Classes' })
      .getByRole('button', { name: new RegExp(`^More for ${className}`) })
      .click()
    await this.page.getByRole('menuitem', { name: item }).click()
  }

  press = (key: string): Promise<void> => this.page.keyboard.press(key)

  /** The number of labels the panel shows for a class. */
  async count(className: string): Promise<number> {
    const row = this.page.getByRole('list', { name: 'Classes' }).getByRole('listitem').filter({ hasText: className })
    return Number((await row.innerText()).trim().split(/\s+/).at(-1)!.replace(/\D/g, ''))
  }

  async expectCounts(counts: Record<string, number>): Promise<void> {
    for (const [className, count] of Object.entries(counts))
      await expect.poll(() => this.count(className), { message: `labels of ${className}` }).toBe(count)
  }

  /** Tests that look at the disk know of a step before the window does, which takes it back only then. */
  async undo(): Promise<void> {
    await expect(this.page.getByRole('button', { name: /^Undo/ })).toBeEnabled()
    await this.page.keyboard.press('Control+z')
  }

  async redo(): Promise<void> {
    await expect(this.page.getByRole('button', { name: /^Redo/ })).toBeEnabled()
    await this.page.keyboard.press('Control+Shift+z')
  }

  async stage(name: 'Label' | 'Train' | 'Features' | 'Review' | 'Inspect' | 'Results'): Promise<Locator> {
    await this.page.getByRole('tab', { name, exact: true }).click()
    return this.page.getByRole('tabpanel', { name })
  }

  async choose(className: string): Promise<void> {
    await this.page.getByRole('list', { name: 'Classes' }).getByRole('button', { name: className, exact: true }).click()
  }

  /** Trains the quickest network on what is labelled, for a number of epochs, until the model is there. */
  async train(epochs: number): Promise<Locator> {
    const train = await this.stage('Train')
    await train.getByRole('radio', { name: /^Small VGG(?!,)/ }).click()
    await train.getByRole('radio', { name: 'Epochs' }).click()
    await train.getByRole('spinbutton', { name: 'epochs' }).fill(String(epochs))
    await train.getByRole('button', { name: 'Train', exact: true }).click()
    await expect(train.getByRole('button', { name: 'Card…' })).toBeVisible({ timeout: 90_000 })
    return train
  }

  /**
   * What a designer would send back: words or buttons that leave the window, words cut without an ellipsis, parts that
   * scroll sideways, and keys that run over the edge of their button.
   */
  layoutProblems(): Promise<string[]> {
    return this.page.evaluate(() => {
      const problems: string[] = []
      const name = (element: Element): string =>
        `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''} “${(element.textContent ?? '').trim().slice(0, 40)}”`
      for (const element of document.querySelectorAll<HTMLElement>('#app *, [role=dialog], [role=dialog] *')) {
        const box = element.getBoundingClientRect()
        const style = getComputedStyle(element)
        if (box.width === 0 || box.height === 0 || style.visibility === 'hidden') continue
        if (element.closest('.visually-hidden, svg, canvas, .openseadragon-container')) continue
        // what a container cuts with an ellipsis or scrolls is not seen outside it
        const cutBy = element.parentElement?.closest(
          '.ellipsis, [style*="overflow"], .list, .screen, .found, .dialog-body',
        )
        if (!cutBy && (box.right > innerWidth + 1 || box.left < -1))
          problems.push(`outside the window: ${name(element)}`)
        const holder = element.closest('figure, [role=menu], aside, [role=dialog], footer')
        if (holder && element.closest('.ellipsis') && box.right > holder.getBoundingClientRect().right + 1)
          problems.push(`runs out of its box: ${name(element)}`)
        if (element.matches('[role=menu], [role=dialog]') && (box.top < -1 || box.bottom > innerHeight + 1))
          problems.push(`higher than the window: ${name(element)}`)
        const isLeaf = element.children.length === 0 && (element.textContent ?? '').trim() !== ''
        if (
          isLeaf &&
          element.scrollWidth > element.clientWidth + 1 &&
          style.overflowX === 'hidden' &&
          style.textOverflow !== 'ellipsis'
        )
          problems.push(`cut: ${name(element)}`)
        if (/auto|scroll/.test(style.overflowX) && element.scrollWidth > element.clientWidth + 1)
          problems.push(`scrolls sideways: ${name(element)}`)
        const button = element.tagName === 'KBD' && element.closest('button')
        const edge = button && button.getBoundingClientRect().right
        if (edge && (box.right > edge - 1 || element.scrollWidth > element.clientWidth + 1))
          problems.push(`over the edge of its button: ${name(element)}`)
      }
      return [...new Set(problems)]
    })
  }

  /** Everything axe finds against WCAG 2.1 A and AA. */
  async accessibilityProblems(): Promise<string[]> {
    // axe would look into canvases; there is nothing in them for it
    const { violations } = await new AxeBuilder({ page: this.page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'])
      .analyze()
    return violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.target.join(' ')).join(', ')}`)
  }
}
