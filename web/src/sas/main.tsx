import { render } from 'preact'
import '../styles/base.css'
import { Page } from './page'
import './sas.css'

render(<Page />, document.getElementById('app')!)
