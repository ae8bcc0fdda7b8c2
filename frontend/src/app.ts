// What every page shares. Each journey works without this file; it only makes them quicker.
import './htmx'
import './forms'
import './islands'
import './keyboard'
import './menus'
import './search'
import './session'
import { startPokes } from './pokes'

startPokes()
