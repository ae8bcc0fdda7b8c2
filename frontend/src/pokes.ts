// Pokes: the server names what changed, the page fetches it through the normal, policed route.
// One EventSource serves all tabs: the holder of a Web Lock listens and tells the others.
import htmx from 'htmx.org'

type Tell = (topic: string) => void

function open(url: string, tell: Tell): void {
  const source = new EventSource(url)
  source.onmessage = event => tell(String(event.data))
  source.onopen = () => tell('resync') // covers whatever was missed while there was no connection
}

function listen(url: string, on: Tell): void {
  if (!navigator.locks || !window.BroadcastChannel) return open(url, on)
  const channel = new BroadcastChannel('pokes')
  channel.onmessage = event => on(String(event.data))
  const lead = (): Promise<never> => new Promise(() => open(url, topic => {
    on(topic)
    channel.postMessage(topic)
  }))
  navigator.locks.request('pokes', lead).catch(() => open(url, on))
}

/** Fire `poke:<topic>` on the body; fragments listen with hx-trigger="poke:<topic> from:body". */
export function startPokes(): void {
  const url = document.body?.dataset.events
  if (url) listen(url, topic => htmx.trigger(document.body, `poke:${topic}`, {}))
}
