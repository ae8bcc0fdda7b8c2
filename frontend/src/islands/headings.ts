// HS cells that find their code by words: type words or the first digits, walk the list with the arrows, Enter takes one.
// Without a script the number of the line opens its own page, where the search is a button.
import type { Island } from '../islands'

interface Heading { code: string; label: string; unit: string }

const LIST = 'heading-options'
const PAUSE_MS = 200
const ENOUGH = 2 // letters or digits before it is worth asking
const WHOLE = /^\d{8}(\d\d)?$/

const cellOf = (target: EventTarget | null): HTMLInputElement | null =>
  target instanceof HTMLInputElement && target.matches('[name$="-hs"], [name="hs"]') ? target : null

const island: Island = host => {
  const list = document.createElement('ul')
  list.id = LIST
  list.className = 'heading-options float'
  list.setAttribute('role', 'listbox')
  list.setAttribute('aria-label', host.dataset.headings ?? '')
  list.hidden = true
  host.append(list)
  let cell: HTMLInputElement | null = null
  let timer = 0
  let asked = 0
  let active = -1

  const close = (): void => {
    window.clearTimeout(timer)
    asked += 1
    list.hidden = true
    list.replaceChildren()
    active = -1
    cell?.setAttribute('aria-expanded', 'false')
    cell?.removeAttribute('aria-activedescendant')
  }
  const mark = (place: number): void => {
    const options = [...list.children]
    active = (place + options.length) % options.length
    options.forEach((option, index) => option.setAttribute('aria-selected', String(index === active)))
    options[active]?.scrollIntoView({ block: 'nearest' })
    cell?.setAttribute('aria-activedescendant', `${LIST}-${active}`)
  }
  const take = (code: string): void => {
    const taken = cell
    close()
    if (!taken) return
    taken.value = code
    taken.dispatchEvent(new Event('change', { bubbles: true }))
    taken.focus()
  }
  const show = (found: Heading[]): void => {
    if (!cell || !found.length) return close()
    list.replaceChildren(...found.map((each, index) => {
      const option = document.createElement('li')
      option.id = `${LIST}-${index}`
      option.setAttribute('role', 'option')
      option.dataset.code = each.code
      const code = document.createElement('span')
      code.className = 'code'
      code.textContent = each.code
      option.append(code, ` ${each.label}`)
      return option
    }))
    const place = cell.getBoundingClientRect()
    list.style.insetInlineStart = `${Math.max(8, Math.min(place.left, window.innerWidth - 360))}px`
    list.style.insetBlockStart = `${place.bottom + 2}px`
    list.hidden = false
    cell.setAttribute('role', 'combobox')
    cell.setAttribute('aria-controls', LIST)
    cell.setAttribute('aria-expanded', 'true')
    mark(0)
  }
  const look = async (): Promise<void> => {
    const words = cell?.value.trim() ?? ''
    if (words.length < ENOUGH || WHOLE.test(words.replace(/[.\s]/g, ''))) return close()
    const turn = ++asked
    const answer = await fetch(`/tariff/pick?q=${encodeURIComponent(words)}`).catch(() => null)
    if (turn !== asked || !answer?.ok) return
    const { codes } = await answer.json() as { codes: Heading[] }
    if (turn === asked) show(codes)
  }

  const typed = (event: Event): void => {
    const found = cellOf(event.target)
    if (!found || !event.isTrusted) return
    cell = found
    window.clearTimeout(timer)
    timer = window.setTimeout(() => void look(), PAUSE_MS)
  }
  const pressed = (event: KeyboardEvent): void => {
    if (list.hidden || event.target !== cell) return
    if (event.key === 'ArrowDown') mark(active + 1)
    else if (event.key === 'ArrowUp') mark(active - 1)
    else if (event.key === 'Enter') take((list.children[active] as HTMLElement).dataset.code ?? '')
    else if (event.key === 'Escape') close()
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  // Before the focus leaves the cell: what is pressed with the pointer is taken.
  const pointed = (event: PointerEvent): void => {
    const option = event.target instanceof Element ? event.target.closest<HTMLElement>('[role=option]') : null
    if (!option) return
    event.preventDefault()
    take(option.dataset.code ?? '')
  }
  const left = (event: FocusEvent): void => { if (event.target === cell) close() }

  host.addEventListener('input', typed)
  host.addEventListener('keydown', pressed, true)
  list.addEventListener('pointerdown', pointed)
  host.addEventListener('focusout', left)
  return () => {
    host.removeEventListener('input', typed)
    host.removeEventListener('keydown', pressed, true)
    host.removeEventListener('focusout', left)
    list.remove()
  }
}

export default island
