export { Session } from './session'
export { Tray } from './tray'
