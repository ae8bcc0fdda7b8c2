// <details class="menu"> works alone; here it also closes on Escape and on a press outside.
const openMenus = (): NodeListOf<HTMLDetailsElement> => document.querySelectorAll('details.menu[open]')

document.addEventListener('click', event => {
  const inside = event.target instanceof Element ? event.target.closest('details.menu') : null
  for (const menu of openMenus()) if (menu !== inside) menu.open = false
})
document.addEventListener('keydown', event => {
  if (event.key !== 'Escape') return
  for (const menu of openMenus()) {
    menu.open = false
    menu.querySelector('summary')?.focus()
  }
})
document.addEventListener('click', event => {
  const button = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-dismiss]') : null
  if (button) button.closest(button.dataset.dismiss ?? '')?.remove()
})
document.addEventListener('click', event => {
  if (event.target instanceof Element && event.target.closest('[data-print]')) print()
})
