// Islands: an element with data-island="name" gets the code of islands/<name>.ts when it appears.
import htmx from 'htmx.org'

export type Island = (host: HTMLElement) => (() => void) | void | Promise<(() => void) | void>

// Each line is a dynamic import, so that a page loads only the islands that stand on it.
const islands: Record<string, () => Promise<{ default: Island }>> = {
  copy: () => import('./islands/copy'),
  freshness: () => import('./islands/freshness'),
  headings: () => import('./islands/headings'),
  map: () => import('./islands/map'),
  place: () => import('./islands/place'),
  upload: () => import('./islands/upload'),
}

const cleanUps = new WeakMap<Element, () => void>()

async function start(host: HTMLElement): Promise<void> {
  const load = islands[host.dataset.island ?? '']
  if (!load || host.hasAttribute('data-started')) return
  host.setAttribute('data-started', '')
  const island = (await load()).default
  const cleanUp = await island(host)
  if (!cleanUp) return
  if (host.isConnected) cleanUps.set(host, cleanUp)
  else cleanUp()
}

htmx.onLoad(node => {
  const root = node as HTMLElement
  if (root.matches('[data-island]')) void start(root)
  for (const host of root.querySelectorAll<HTMLElement>('[data-island]')) void start(host)
})

document.addEventListener('htmx:beforeCleanupElement', event => {
  const host = event.target as Element
  cleanUps.get(host)?.()
  cleanUps.delete(host)
})
