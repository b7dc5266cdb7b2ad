import { render } from 'preact'
import { App } from './app'
import './styles/base.css'
import './styles/gallery.css'
import './styles/tray.css'
import { registerServiceWorker } from './shared'
import { chooseTexts } from './texts'

await chooseTexts()
render(<App />, document.getElementById('app')!)
registerServiceWorker()
