// Draw a place on the map. The lines of the text field are the answer; the map writes into them and reads from them.
// What the lines mean is asked of the server, which alone knows the systems of the land records.
import type { Island } from '../islands'
import { boundsOf, wordsOf, zoneMap, type ZoneMap } from '../maps/zone'

type Corner = [number, number]
interface Answer {
  geometry: GeoJSON.Geometry
  properties: { sites: string[], areas: string[], nearest: string | null, border_m: number | null, area_m2: number | null }
}
const PAUSE_MS = 400
const DIGITS = 6 // a tenth of a metre

const fill = (text: string | undefined, values: Record<string, string>): string =>
  Object.entries(values).reduce((said, [name, value]) => said.replace(`{${name}}`, value), text ?? '')

function cornersOf(geometry: GeoJSON.Geometry): Corner[] {
  if (geometry.type === 'Point') return [geometry.coordinates as Corner]
  if (geometry.type === 'Polygon') return (geometry.coordinates[0] ?? []).slice(0, -1) as Corner[]
  return []
}

/** Show what is drawn: its corners, their line, and the area once there are three. */
function drawn(corners: Corner[], area: boolean): GeoJSON.FeatureCollection {
  const geometries: GeoJSON.Geometry[] = corners.map(corner => ({ type: 'Point', coordinates: corner }))
  const first = corners[0]
  if (area && first && corners.length > 2) geometries.push({ type: 'Polygon', coordinates: [[...corners, first]] })
  else if (area && corners.length === 2) geometries.push({ type: 'LineString', coordinates: corners })
  return { type: 'FeatureCollection', features: geometries.map(geometry => ({ type: 'Feature', properties: {}, geometry })) }
}

class Drawing {
  private corners: Corner[] = []
  private area = false
  private timer = 0
  private asked = 0

  constructor(
    private readonly host: HTMLElement, private readonly field: HTMLTextAreaElement,
    private readonly zone: ZoneMap, private readonly words: Record<string, string>,
  ) {}

  private say(text: string): void {
    const said = this.host.querySelector('[data-place-said]')
    if (said && said.textContent !== text) said.textContent = text
  }

  private show(): void {
    this.zone.show(drawn(this.corners, this.area))
    for (const button of this.host.querySelectorAll<HTMLElement>('[aria-pressed]')) {
      button.setAttribute('aria-pressed', String((button.dataset.place === 'area') === this.area))
    }
  }

  private write(): void {
    this.field.value = this.corners.map(([east, north]) => `${north.toFixed(DIGITS)}; ${east.toFixed(DIGITS)}`).join('\n')
    this.show()
    void this.ask()
  }

  mode(area: boolean): void {
    if (!area) this.corners = this.corners.slice(-1)
    this.area = area
    this.write()
  }

  add(corner: Corner): void {
    this.corners = this.area ? [...this.corners, corner] : [corner]
    this.write()
  }

  undo(): void {
    this.corners = this.corners.slice(0, -1)
    this.write()
  }

  clear(): void {
    this.corners = []
    this.write()
  }

  /** Read what was typed, a moment after the last key. */
  typed(): void {
    clearTimeout(this.timer)
    this.timer = window.setTimeout(() => void this.ask(true), PAUSE_MS)
  }

  /** Ask what the lines mean; take the corners over when a person typed them. */
  async ask(take = false): Promise<void> {
    const text = this.field.value.trim()
    const turn = ++this.asked
    if (!text) {
      this.say('')
      if (take) { this.corners = []; this.show() }
      return
    }
    if (this.area && !take && this.corners.length < 3) {
      this.say(fill(this.words.more, { count: String(this.corners.length) }))
      return
    }
    const answer = await fetch(`${this.host.dataset.at}?${new URLSearchParams({ place: text })}`).catch(() => undefined)
    if (turn !== this.asked) return
    if (!answer?.ok) {
      this.say(this.words.unread ?? '')
      return
    }
    const found = await answer.json() as Answer
    if (take) {
      this.corners = cornersOf(found.geometry)
      this.area = this.corners.length > 1
      this.show()
      const bounds = boundsOf([{ type: 'Feature', properties: {}, geometry: found.geometry }])
      if (bounds) this.zone.map.fitBounds(bounds, { padding: 80, maxZoom: 14 })
    }
    this.tell(found.properties)
  }

  private tell({ sites, areas, nearest, border_m, area_m2 }: Answer['properties']): void {
    const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 })
    const where = sites.length ? (areas.length ? this.words.in : this.words.inSite) : this.words.out
    const parts = [fill(where, { site: sites.join(', ') || (nearest ?? ''), area: areas.join(', ') })]
    if (border_m !== null) parts.push(fill(this.words.border, { metres: number.format(border_m) }))
    if (area_m2 !== null) parts.push(fill(this.words.size, { area: number.format(area_m2 / 10_000) }))
    this.say(parts.join(' '))
  }

  stop(): void {
    clearTimeout(this.timer)
    this.asked++
  }
}

const island: Island = async host => {
  const field = document.getElementById(host.dataset.field ?? '')
  const words = wordsOf(host)
  if (!(field instanceof HTMLTextAreaElement)) return
  let zone: ZoneMap
  try {
    zone = await zoneMap(host, words)
  } catch {
    const said = host.querySelector('[data-place-said]')
    if (said) said.textContent = words.failed ?? ''
    return
  }
  const { map } = zone
  const cross = Object.assign(document.createElement('span'), { className: 'map-cross' })
  map.getContainer().append(cross)
  const drawing = new Drawing(host, field, zone, words)
  const here = (): void => { const { lng, lat } = map.getCenter(); drawing.add([lng, lat]) }
  const tools: Record<string, () => void> = {
    point: () => drawing.mode(false), area: () => drawing.mode(true), here,
    undo: () => drawing.undo(), clear: () => drawing.clear(),
  }
  const press = (event: Event): void => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-place]') : null
    if (button) tools[button.dataset.place ?? '']?.()
  }
  const key = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    here()
  }
  const typed = (): void => drawing.typed()
  map.on('click', event => drawing.add([event.lngLat.lng, event.lngLat.lat]))
  map.getCanvas().addEventListener('keydown', key)
  host.addEventListener('click', press)
  field.addEventListener('input', typed)
  void map.once('load', () => void drawing.ask(true))
  return () => {
    field.removeEventListener('input', typed)
    host.removeEventListener('click', press)
    drawing.stop()
    zone.remove()
  }
}

export default island
