// The end of a session. What a page fetches by itself is marked, so that an open page keeps no session awake; when the
// session has ended, a page without a form leaves for sign-in, and one with a form says so and keeps what was typed.

/** What stands behind a request without a person: a poke, a timer, or the arrival of a fragment. */
const byItself = (event?: Event): boolean => !event || /^(poke:|load$|every$|intersect$|revealed$)/.test(event.type)

document.addEventListener('htmx:configRequest', event => {
  const detail = (event as CustomEvent).detail as { triggeringEvent?: Event; headers: Record<string, string> }
  if (byItself(detail.triggeringEvent)) detail.headers['X-Background'] = '1'
})

const hasForm = (): boolean =>
  document.querySelector('main form[method=post] :is(input:not([type=hidden]), textarea, select)') !== null

// Every fragment of a page hears that the session has ended; a second departure would break off the first.
let leaving = false
addEventListener('pageshow', () => { leaving = false }) // also when somebody comes back to a page kept by the browser

document.addEventListener('signed-out', event => {
  const { login } = (event as CustomEvent).detail as { login: string }
  if (leaving || hasForm()) return
  leaving = true
  location.assign(login)
})
