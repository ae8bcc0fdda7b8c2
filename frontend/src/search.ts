// The suggestions below the search box: arrows walk them, Escape and a press outside close them. The box is a
// form of its own and needs none of this.

const panel = (): HTMLElement | null => document.querySelector<HTMLElement>('#suggest')
const field = (): HTMLInputElement | null => document.querySelector<HTMLInputElement>('.topbar-search [data-search]')

function close(): void {
  panel()?.replaceChildren()
}

function step(by: 1 | -1): boolean {
  const links = [...(panel()?.querySelectorAll<HTMLElement>('a[href]') ?? [])]
  if (!links.length) return false
  const now = links.indexOf(document.activeElement as HTMLElement)
  const next = now + by
  if (next < 0) field()?.focus()
  else links[Math.min(next, links.length - 1)]?.focus()
  return true
}

document.addEventListener('keydown', event => {
  if (!(event.target instanceof Element) || !event.target.closest('.topbar-search')) return
  if (event.key === 'ArrowDown' && step(1)) event.preventDefault()
  else if (event.key === 'ArrowUp' && step(-1)) event.preventDefault()
  else if (event.key === 'Escape') {
    close()
    field()?.focus()
  }
})
document.addEventListener('click', event => {
  if (event.target instanceof Element && !event.target.closest('.topbar-search')) close()
})
document.addEventListener('focusin', event => {
  if (event.target instanceof Element && !event.target.closest('.topbar-search')) close()
})
