// The map of the zone to look at. Buttons with data-map-show="S1" anywhere on the page bring a site into view.
import type { Island } from '../islands'
import { wordsOf, zoneMap } from '../maps/zone'

const island: Island = async host => {
  const words = wordsOf(host)
  let shown
  try {
    shown = await zoneMap(host, words)
  } catch {
    const note = Object.assign(document.createElement('p'), { className: 'quiet', textContent: words.failed ?? '' })
    host.append(note)
    return
  }
  const { map, frame, remove } = shown
  const press = (event: Event): void => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-map-show]') : null
    if (!button) return
    frame(button.dataset.mapShow)
    host.scrollIntoView({ block: 'nearest' })
    map.getCanvas().focus({ preventScroll: true })
  }
  document.addEventListener('click', press)
  return () => {
    document.removeEventListener('click', press)
    remove()
  }
}

export default island
