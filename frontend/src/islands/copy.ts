// A button that copies data-copy (a code, an address) and says that it did.
import type { Island } from '../islands'

const island: Island = host => {
  const status = host.querySelector<HTMLElement>('[data-copied]')
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(host.dataset.copy ?? '')
    if (!status) return
    status.hidden = false
    setTimeout(() => { status.hidden = true }, 2000)
  }
  // Without a secure context there is no clipboard: the code itself stays there to be selected.
  if (!navigator.clipboard) host.hidden = true
  host.addEventListener('click', copy)
  return () => host.removeEventListener('click', copy)
}

export default island
