// Keys: "/" search, "g" + letter goes to a page that carries data-go, "j"/"k" walk the rows of a table,
// "?" shows the list. One switch in that list turns them off (WCAG 2.1.4).

const OFF = 'keys-off'
const CHORD_MS = 1500
let chordUntil = 0

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select'))

const isOff = (): boolean => localStorage.getItem(OFF) === '1'

function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>('[data-search]')
  if (!field?.checkVisibility()) return false
  field.focus()
  field.select()
  return true
}

function go(letter: string): boolean {
  const link = document.querySelector<HTMLElement>(`a[data-go="${CSS.escape(letter)}"]`)
  link?.click()
  return Boolean(link)
}

/** Move to the next or previous row: its first link takes the focus, so that Enter opens it. */
function walk(step: 1 | -1): boolean {
  const links = [...document.querySelectorAll<HTMLElement>('table[data-rows] tbody tr')]
    .map(row => row.querySelector<HTMLElement>('a[href]'))
    .filter(link => link !== null)
  if (!links.length) return false
  const row = document.activeElement?.closest('tr')
  const now = links.findIndex(link => link.closest('tr') === row)
  const next = now < 0 ? (step > 0 ? 0 : links.length - 1) : now + step
  links[Math.min(Math.max(next, 0), links.length - 1)]?.focus()
  return true
}

function showKeys(): boolean {
  const dialog = document.querySelector<HTMLDialogElement>('dialog#keys')
  dialog?.showModal()
  return Boolean(dialog)
}

function act(key: string): boolean {
  if (Date.now() < chordUntil) {
    chordUntil = 0
    return go(key)
  }
  switch (key) {
    case '/': return focusSearch()
    case '?': return showKeys()
    case 'j': return walk(1)
    case 'k': return walk(-1)
    case 'g':
      chordUntil = Date.now() + CHORD_MS
      return true
    default: return false
  }
}

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return
  if (isOff() && event.key !== '?') return
  if (document.querySelector('dialog[open]')) return
  if (act(event.key)) event.preventDefault()
})

document.addEventListener('change', event => {
  const box = event.target
  if (!(box instanceof HTMLInputElement) || !box.matches('[data-keys-toggle]')) return
  if (box.checked) localStorage.removeItem(OFF)
  else localStorage.setItem(OFF, '1')
})
document.addEventListener('click', event => {
  if (event.target instanceof Element && event.target.closest('[data-show-keys]')) showKeys()
})
document.addEventListener('htmx:load', syncToggle)
document.addEventListener('DOMContentLoaded', syncToggle)
syncToggle()

function syncToggle(): void {
  const box = document.querySelector<HTMLInputElement>('[data-keys-toggle]')
  if (box) box.checked = !isOff()
}
