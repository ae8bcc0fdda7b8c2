// A part of a page that refreshes itself: when no answer has come for too long, it says that it is stale.
import type { Island } from '../islands'

const island: Island = host => {
  const warning = host.querySelector<HTMLElement>('[data-cut-off]')
  const most = Number(host.dataset.mostSeconds) * 1000
  let timer = 0
  const cutOff = (): void => {
    host.classList.add('is-cut-off')
    if (warning) warning.hidden = false
  }
  const fresh = (): void => {
    host.classList.remove('is-cut-off')
    if (warning) warning.hidden = true
    clearTimeout(timer)
    timer = window.setTimeout(cutOff, most)
  }
  fresh()
  host.addEventListener('htmx:afterSwap', fresh)
  return () => {
    clearTimeout(timer)
    host.removeEventListener('htmx:afterSwap', fresh)
  }
}

export default island
