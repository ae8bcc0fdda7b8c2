// Pokes: the server names what changed, the page fetches it through the normal, policed route.
// One EventSource serves all tabs: the holder of a Web Lock listens and tells the others. What a tab missed while the
// connection was away comes from the server, which knows the last number that it has seen.
import htmx from 'htmx.org'

type Tell = (topic: string) => void

const LOCK = 'pokes'
const JITTER_MS = 400 // so that a thousand pages do not ask in the same moment
const SOON_MS = 3_000 // the stream has ended: the page soon asks why, for the session may have
const AGAIN_MS = 60_000 // without a stream the page asks by itself so often

const waiting = new Set<string>()

/** Fire `poke:<topic>` on the body a little later, once for many in a row. */
function fire(topic: string): void {
  if (waiting.has(topic)) return
  waiting.add(topic)
  setTimeout(() => {
    waiting.delete(topic)
    htmx.trigger(document.body, `poke:${topic}`, {})
  }, Math.random() * JITTER_MS)
}

const address = (): string => document.querySelector<HTMLElement>('[data-events]')?.dataset.events ?? ''

/** Listen until the server ends the stream for good: no session, or no place. */
function listen(url: string, tell: Tell): Promise<void> {
  return new Promise(ended => {
    const source = new EventSource(url)
    source.onmessage = event => tell(String(event.data))
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) ended() }
  })
}

const pause = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms))

/** Listen for all tabs as long as this page lives; without a stream, look again from time to time. */
async function lead(tell: Tell): Promise<void> {
  for (let url = address(); url; url = address()) {
    await listen(url, tell)
    await pause(SOON_MS)
    if (address()) tell('resync')
    await pause(AGAIN_MS)
  }
}

let started = false

/** Fragments listen with hx-trigger="poke:<topic> from:body"; a page that is signed in says where the stream is. */
export function startPokes(): void {
  if (started || !address()) return
  started = true
  const stopped = (): void => { started = false }
  if (!navigator.locks || !window.BroadcastChannel) return void lead(fire).then(stopped)
  const channel = new BroadcastChannel(LOCK)
  channel.onmessage = event => fire(String(event.data))
  const tell: Tell = topic => {
    fire(topic)
    channel.postMessage(topic)
  }
  void navigator.locks.request(LOCK, { ifAvailable: true }, lock => {
    if (lock) return lead(tell).then(stopped)
    fire('resync') // another tab listens; what it heard while this page was loading is not known here
    void navigator.locks.request(LOCK, () => lead(tell)).then(stopped)
    return undefined
  })
}

// A page that was swapped in after signing in brings the address with it.
document.addEventListener('htmx:afterSettle', startPokes)
