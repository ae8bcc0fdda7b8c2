// One press, one request: a form that is on its way takes no second submit.
// Buttons are marked, not disabled: disabling would drop the pressed button's value and the focus.

const BUSY_MS = 10_000 // a download leaves the page in place and fires no event when it is done

function mark(form: HTMLFormElement, busy: boolean): void {
  form.toggleAttribute('data-busy', busy)
  form.setAttribute('aria-busy', String(busy))
  for (const button of form.querySelectorAll('button:not([type=button])')) {
    if (busy) button.setAttribute('aria-disabled', 'true')
    else button.removeAttribute('aria-disabled')
  }
}

const formOf = (event: Event): HTMLFormElement | null =>
  event.target instanceof Element ? event.target.closest('form') : null

document.addEventListener('submit', event => {
  const form = formOf(event)
  if (!form || form.getAttribute('method')?.toLowerCase() !== 'post' || form.hasAttribute('data-repeatable')) return
  if (form.hasAttribute('data-busy')) {
    event.preventDefault()
    event.stopImmediatePropagation()
    return
  }
  // After the event: htmx and the browser must still see the buttons as they were pressed.
  setTimeout(() => mark(form, true))
  setTimeout(() => mark(form, false), BUSY_MS)
}, { capture: true })

document.addEventListener('htmx:afterRequest', event => {
  // The form's own request: a part that saves or looks up beside it says nothing of the submit.
  const form = event.target
  if (form instanceof HTMLFormElement) setTimeout(() => mark(form, false))
})
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-busy]')) mark(form, false)
})

/** Show the names and sizes of chosen files beside the field. */
document.addEventListener('change', event => {
  const field = event.target
  if (!(field instanceof HTMLInputElement) || field.type !== 'file') return
  const list = document.getElementById(`${field.id}-chosen`)
  if (!list) return
  const format = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 })
  list.replaceChildren(...[...(field.files ?? [])].map(file => {
    const item = document.createElement('li')
    item.textContent = `${file.name} (${format.format(Math.max(file.size / 1_000_000, 0.1))} MB)`
    return item
  }))
})
/** Tick or clear every row of a table at once. */
document.addEventListener('change', event => {
  const box = event.target
  if (!(box instanceof HTMLInputElement) || !box.matches('[data-select-all]')) return
  const rows = box.closest('table')?.querySelectorAll<HTMLInputElement>('tbody input[type=checkbox]')
  for (const row of rows ?? []) row.checked = box.checked
})
