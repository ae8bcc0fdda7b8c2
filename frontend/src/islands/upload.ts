// Files of a form, sent one by one with a bar and a way to cancel. Without this the same form sends them all at once.
import type { Island } from '../islands'

type Words = Record<string, string>

const wordsOf = (host: HTMLElement): Words => {
  const words: Words = {}
  const template = host.querySelector<HTMLTemplateElement>('template[data-upload-words]')
  for (const word of template?.content.querySelectorAll<HTMLElement>('[data-word]') ?? []) {
    words[word.dataset.word ?? ''] = word.textContent ?? ''
  }
  return words
}

class Row {
  readonly element: HTMLElement
  private readonly bar: HTMLProgressElement | null
  private readonly status: HTMLElement | null
  readonly cancel: HTMLButtonElement | null

  constructor(template: HTMLTemplateElement, name: string) {
    this.element = (template.content.cloneNode(true) as DocumentFragment).firstElementChild as HTMLElement
    this.bar = this.element.querySelector('[data-progress]')
    this.status = this.element.querySelector('[data-status]')
    this.cancel = this.element.querySelector('[data-cancel]')
    this.bar?.setAttribute('aria-label', name)
    const [title, hidden] = [this.element.querySelector('[data-name]'), this.element.querySelector('[data-cancel-name]')]
    if (title) title.textContent = name
    if (hidden) hidden.textContent = ` ${name}`
  }

  progress(share: number, text: string): void {
    if (this.bar) this.bar.value = share
    if (this.status && this.status.textContent !== text) this.status.textContent = text
  }

  end(kind: 'good' | 'bad', text: string): void {
    this.element.classList.add(`is-${kind}`)
    if (this.status) this.status.textContent = text
    this.cancel?.remove()
  }
}

/** Send one file as the form would; resolves when the server has answered or the upload ended otherwise. */
function send(form: HTMLFormElement, file: File, row: Row, words: Words): Promise<Document | null> {
  return new Promise(resolve => {
    const body = new FormData()
    for (const [name, value] of new FormData(form)) if (typeof value === 'string') body.append(name, value)
    body.append(form.querySelector<HTMLInputElement>('input[type=file]')?.name ?? 'files', file, file.name)
    const request = new XMLHttpRequest()
    const fail = (text: string): void => { row.end('bad', text); resolve(null) }
    request.open('POST', form.action)
    request.setRequestHeader('X-Upload', '1')
    request.upload.addEventListener('progress', event => {
      const share = event.lengthComputable ? Math.floor(event.loaded * 100 / event.total) : 0
      row.progress(share, (words.sending ?? '').replace('{percent}', String(share)))
    })
    request.upload.addEventListener('load', () => row.progress(100, words.checking ?? ''))
    request.addEventListener('load', () => {
      const answer = new DOMParser().parseFromString(request.responseText, 'text/html')
      const refusal = answer.querySelector('[data-refusal]')?.textContent?.trim()
      if (refusal) fail(refusal)
      else if (request.status >= 400) fail(answer.querySelector('main h1')?.textContent?.trim() || (words.refused ?? ''))
      else {
        row.end('good', words.received ?? '')
        // Where the answer is a page of its own, the reader goes on to it.
        if (form.dataset.follow !== undefined && request.responseURL) location.assign(request.responseURL)
        resolve(answer)
      }
    })
    request.addEventListener('error', () => fail(words.failed ?? ''))
    request.addEventListener('abort', () => fail(words.cancelled ?? ''))
    row.cancel?.addEventListener('click', () => request.abort())
    request.send(body)
  })
}

/** Show the files that the dossier has now, and whether they fill the component. */
function takeOver(answer: Document): void {
  for (const part of ['[data-files]', '[data-component-state]']) {
    const [fresh, shown] = [answer.querySelector(part), document.querySelector(`main ${part}`)]
    if (fresh && shown) shown.replaceChildren(...document.importNode(fresh, true).childNodes)
  }
}

const island: Island = host => {
  const form = host as HTMLFormElement
  const field = form.querySelector<HTMLInputElement>('input[type=file]')
  const list = form.querySelector<HTMLElement>('[data-uploads]')
  const template = form.querySelector<HTMLTemplateElement>('template[data-upload-row]')
  if (!field || !list || !template) return
  const words = wordsOf(form)
  const limit = Number(form.dataset.limit ?? Infinity)
  let queue = Promise.resolve()
  const take = async (file: File, row: Row): Promise<void> => {
    if (!row.element.isConnected || row.element.classList.contains('is-bad')) return
    const answer = await send(form, file, row, words)
    if (answer) takeOver(answer)
  }
  const submit = (event: SubmitEvent): void => {
    const files = [...(field.files ?? [])]
    if (!files.length) return
    event.preventDefault()
    for (const file of files) {
      const row = new Row(template, file.name)
      list.append(row.element)
      if (file.size > limit) {
        row.end('bad', words.large ?? '')
        continue
      }
      // Before its turn a file is cancelled by leaving the queue.
      row.cancel?.addEventListener('click', () => {
        if (!row.element.classList.contains('is-good')) row.end('bad', words.cancelled ?? '')
      }, { once: true })
      queue = queue.then(() => take(file, row))
    }
    field.value = ''
    field.dispatchEvent(new Event('change', { bubbles: true }))
  }
  form.addEventListener('submit', submit)
  return () => form.removeEventListener('submit', submit)
}

export default island
