// Runs before the body exists, so that no page flashes in the wrong colours. The server writes the
// person's choice on <html data-theme>; only "auto" needs the browser's opinion.
const root = document.documentElement
const dark = matchMedia('(prefers-color-scheme: dark)')

function follow(): void {
  if (root.dataset.theme === 'auto') root.dataset.bsTheme = dark.matches ? 'dark' : 'light'
}

root.classList.add('js')
follow()
dark.addEventListener('change', follow)
