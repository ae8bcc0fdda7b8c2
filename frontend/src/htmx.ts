// htmx with a morphing swap that keeps what a person is typing. Its settings stand in a <meta> of the
// base template, where the content security policy is decided too.
import htmx from 'htmx.org'
import { Idiomorph } from 'idiomorph'

type Field = HTMLInputElement | HTMLTextAreaElement

const isDirty = (field: Field): boolean =>
  field.value !== field.defaultValue ||
  (field instanceof HTMLInputElement && field.checked !== field.defaultChecked)

const keepTyped = (old: Element): boolean => {
  const isField = old instanceof HTMLInputElement || old instanceof HTMLTextAreaElement
  return !(isField && isDirty(old))
}

htmx.defineExtension('morph', {
  isInlineSwap: (style: string) => style.startsWith('morph'),
  handleSwap: (style: string, target: Element, fragment: DocumentFragment) => {
    if (!style.startsWith('morph')) return false
    const inner = style === 'morph:innerHTML'
    // The type declares one node or a string only; a list is what the library documents and takes.
    const content = (inner ? fragment.childNodes : fragment.children) as unknown as Element
    return Idiomorph.morph(target, content, {
      morphStyle: inner ? 'innerHTML' : 'outerHTML',
      ignoreActiveValue: true,
      callbacks: { beforeNodeMorphed: keepTyped },
    }) as Node[]
  },
} as never)

const ERRORS = '[data-error-summary]'

/** Put the reader where the new part begins: at its errors; a whole page else at its autofocus field or content. */
function focusStart(boosted: boolean, part: Document | Element = document): void {
  // Only errors that have just come: a fragment that is swapped in elsewhere takes nobody out of a field.
  const errors = part instanceof HTMLElement && part.matches(ERRORS) ? part : part.querySelector<HTMLElement>(ERRORS)
  if (errors) return errors.focus()
  if (!boosted) return
  const first = document.querySelector<HTMLElement>('main [autofocus]') ?? document.querySelector<HTMLElement>('main')
  first?.focus({ preventScroll: true })
}

/** <html> is not swapped: carry over its language and theme, and load a page of a newer release whole. */
function followRoot(event: Event): void {
  const { xhr, boosted } = (event as CustomEvent).detail as { xhr: XMLHttpRequest; boosted: boolean }
  const tag = boosted && /<html[^>]*>/i.exec(xhr.responseText)?.[0]
  if (!tag) return
  const root = document.documentElement
  const value = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
  if (xhr.status === 200 && value('data-build') !== (root.dataset.build ?? '')) {
    event.preventDefault()
    location.assign(xhr.responseURL)
    return
  }
  root.lang = value('lang') || root.lang
}

/** Show the error page of a link or form; an error of a fragment is shown only where the server says. */
function showErrors(event: Event): void {
  const detail = (event as CustomEvent).detail as { xhr: XMLHttpRequest; boosted: boolean; shouldSwap: boolean; isError: boolean }
  if (detail.xhr.status < 400 || detail.xhr.status === 422) return
  if (!detail.boosted && !detail.xhr.getResponseHeader('HX-Retarget')) return
  detail.shouldSwap = true
  detail.isError = false
}

document.addEventListener('htmx:beforeSwap', showErrors)
document.addEventListener('htmx:beforeSwap', followRoot)
document.addEventListener('htmx:afterSettle', event => {
  const detail = (event as CustomEvent).detail as { boosted?: boolean; target?: Element }
  const whole = Boolean(detail.boosted) && detail.target === document.body
  focusStart(whole, whole || !(event.target instanceof Element) ? document : event.target)
})
if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => focusStart(false))
else focusStart(false)

/** Say so when a request fails; the page stays as it was and nothing typed is lost. */
for (const name of ['htmx:sendError', 'htmx:responseError', 'htmx:timeout']) {
  document.addEventListener(name, () => {
    const notice = document.querySelector<HTMLTemplateElement>('#connection-failed')
    const region = document.querySelector('[data-flashes]')
    if (notice && region) region.replaceChildren(notice.content.cloneNode(true))
  })
}
