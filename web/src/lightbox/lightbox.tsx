import PhotoSwipe from 'photoswipe'
import 'photoswipe/style.css'
import '../styles/lightbox.css'
import { render } from 'preact'
import type { Photo } from '../api'
import { isFresh } from '../download'
import type { PhotoList } from '../gallery/photo-list'
import { photoName } from '../gallery/tile'
import { enterPhoto, leavePhoto } from '../place'
import { rightToLeft, t } from '../texts'
import { drawings } from './buttons'
import { Details } from './details'
import { Sequence, shiftIndexes, slide } from './sequence'

/** Pixels: as wide as the style sheet makes the details, and from where on they stand beside the photo. */
const detailsWidth = 340
const roomForDetails = 640
/** How many photos before the last one that is known the next page is fetched. */
const fetchAhead = 10

export interface LightboxOptions {
  list: PhotoList
  /** Of the photo to begin with, which is in the list. */
  id: string
  onDelete: (photo: Photo) => void
  /** `last` is the photo that was shown when it closed. */
  onClosed: (last: string | undefined) => void
}

/** Shows one photo of the list large, with the others a swipe away. Returns the way to close it. */
export function openLightbox(options: LightboxOptions): () => void {
  const lightbox = new Lightbox(options)
  return () => lightbox.close()
}

class Lightbox {
  readonly #options: LightboxOptions
  readonly #sequence: Sequence
  readonly #swipe: PhotoSwipe
  readonly #panel = document.createElement('div')
  readonly #announcement = document.createElement('p')
  /** Photos whose URLs were renewed once: another time would not help. */
  readonly #renewed = new Set<string>()
  /** To be deleted once the lightbox is gone. */
  #deleting: Photo | undefined
  #infoButton: HTMLElement | undefined
  #unsubscribe = (): void => undefined

  constructor(options: LightboxOptions) {
    this.#panel.hidden = true
    const { list, id } = options
    const rtl = rightToLeft()
    this.#options = options
    this.#sequence = new Sequence(list.photos, rtl)
    const [towardsLeft, towardsRight] = rtl ? [t.next, t.previous] : [t.previous, t.next]
    this.#swipe = new PhotoSwipe({
      index: this.#sequence.indexOf(id),
      mainClass: 'lightbox',
      bgOpacity: 1,
      showHideAnimationType: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'none' : 'zoom',
      loop: false,
      counter: false,
      wheelToZoom: true,
      preload: rtl ? [2, 1] : [1, 2],
      paddingFn: () => this.#padding(),
      closeTitle: t.close,
      zoomTitle: t.zoom,
      arrowPrevTitle: towardsLeft,
      arrowNextTitle: towardsRight,
      closeSVG: drawings.close,
      zoomSVG: drawings.zoom,
      arrowPrevSVG: drawings.left,
      arrowNextSVG: drawings.right,
      errorMsg: t.imageFailed,
      returnFocus: false,
      trapFocus: true,
    })
    this.#addFilters()
    this.#addButtons()
    this.#listen()
    this.#swipe.init()
  }

  close(): void {
    this.#swipe.close()
  }

  get #photo(): Photo | undefined {
    return this.#sequence.at(this.#swipe.currIndex)
  }

  get #detailsShown(): boolean {
    return this.#panel.hidden === false
  }

  #addFilters(): void {
    const swipe = this.#swipe
    swipe.addFilter('numItems', () => this.#sequence.length)
    swipe.addFilter('itemData', (_, at) => slide(this.#sequence.at(at)))
    swipe.addFilter('thumbEl', (_, __, at) => this.#tileImage(at) as HTMLElement)
    swipe.addFilter('placeholderSrc', (source, { data }) => (data.msrc as string | undefined) ?? source)
  }

  #tileImage(at: number): Element | null {
    const id = this.#sequence.at(at)?.id
    const index = this.#options.list.photos.findIndex((photo) => photo.id === id)
    return document.querySelector(`.gallery a[data-index="${index}"] img`)
  }

  #addButtons(): void {
    const swipe = this.#swipe
    swipe.on('uiRegister', () => {
      const ui = swipe.ui!
      ui.registerElement({
        name: 'position',
        order: 5,
        onInit: (element) => {
          swipe.on('change', () => void (element.textContent = this.#position()))
        },
      })
      if (this.#options.list.owner === 'me') {
        ui.registerElement({ name: 'delete', title: t.delete, order: 7, isButton: true, html: drawings.trash, onClick: () => this.#delete() })
      }
      ui.registerElement({
        name: 'download',
        title: t.download,
        order: 8,
        isButton: true,
        tagName: 'a',
        html: drawings.download,
        onInit: (element) => this.#initDownload(element as HTMLAnchorElement),
      })
      ui.registerElement({
        name: 'details',
        title: t.details,
        order: 9,
        isButton: true,
        html: drawings.info,
        onInit: (element) => {
          this.#infoButton = element
          element.setAttribute('aria-expanded', 'false')
        },
        onClick: () => this.#showDetails(!this.#detailsShown),
      })
    })
  }

  #position(): string {
    const { loading } = this.#options.list
    return t.position(this.#sequence.position(this.#swipe.currIndex) + 1, loading === 'complete' ? this.#sequence.length : undefined)
  }

  /** A link, so that it can also be saved to another place; one that is too old gets a new address first. */
  #initDownload(link: HTMLAnchorElement): void {
    link.setAttribute('aria-label', t.download)
    link.download = ''
    this.#swipe.on('change', () => void (link.href = this.#photo?.original.url ?? ''))
    link.addEventListener('click', (event) => {
      const photo = this.#photo
      if (photo === undefined || isFresh(photo.original.url, Date.now())) return
      event.preventDefault()
      const follow = (fresh: Photo | undefined): void => {
        if (fresh === undefined || !isFresh(fresh.original.url, Date.now())) return
        link.href = fresh.original.url
        link.click()
      }
      void this.#options.list.renew(photo.id).then(follow, () => undefined)
    })
  }

  #delete(): void {
    if (this.#options.list.owner !== 'me') return
    this.#deleting = this.#photo
    this.close()
  }

  #listen(): void {
    const swipe = this.#swipe
    swipe.on('afterInit', () => this.#afterInit())
    swipe.on('change', () => this.#changed())
    swipe.on('keydown', (event) => {
      if (this.#takesKey(event.originalEvent)) event.preventDefault()
    })
    swipe.on('contentLoadImage', ({ content }) => {
      const photo = this.#sequence.at(content.index)
      content.element?.setAttribute('alt', photo ? photoName(photo) : '')
    })
    swipe.on('loadError', ({ content }) => void this.#renew(this.#sequence.at(content.index)))
    swipe.on('destroy', () => {
      this.#unsubscribe()
      render(null, this.#panel)
      leavePhoto()
      this.#options.onClosed(this.#deleting === undefined ? this.#photo?.id : undefined)
      // Not before, so that the focus, which is kept in here, can go on to the next photo.
      if (this.#deleting !== undefined) this.#options.onDelete(this.#deleting)
    })
  }

  #afterInit(): void {
    const element = this.#swipe.element!
    element.setAttribute('aria-label', t.lightbox)
    element.setAttribute('aria-modal', 'true')
    this.#panel.className = 'lightbox-details'
    // A finger or pointer on it must not turn pages.
    this.#panel.addEventListener('pointerdown', (event) => event.stopPropagation())
    this.#announcement.className = 'visually-hidden'
    this.#announcement.setAttribute('role', 'status')
    element.append(this.#panel, this.#announcement)
    this.#unsubscribe = this.#options.list.subscribe(() => this.#update())
  }

  #changed(): void {
    const photo = this.#photo
    this.#drawDetails()
    if (photo === undefined) return
    this.#swipe.currSlide?.content.element?.setAttribute('alt', photoName(photo))
    this.#announcement.textContent = `${photoName(photo)}, ${this.#position()}`
    enterPhoto({ owner: this.#options.list.owner, photo: photo.id })
    // The next page has to be here before the last photo is.
    if (this.#sequence.position(this.#swipe.currIndex) > this.#sequence.length - fetchAhead) void this.#options.list.loadMore()
  }

  /** The list has changed: there may be more photos, or another title. */
  #update(): void {
    const last = this.#sequence.length - 1
    shiftIndexes(this.#swipe, this.#sequence.update(this.#options.list.photos))
    // What lies beyond the last one was nothing when its place was made.
    if (this.#sequence.length - 1 > last) this.#swipe.refreshSlideContent(this.#sequence.position(last + 1))
    this.#swipe.dispatch('change')
  }

  async #renew(photo: Photo | undefined): Promise<void> {
    if (photo === undefined || this.#renewed.has(photo.id)) return
    this.#renewed.add(photo.id)
    const fresh = await this.#options.list.renew(photo.id).catch(() => undefined)
    if (fresh !== undefined) this.#swipe.refreshSlideContent(this.#sequence.indexOf(photo.id))
  }

  /** Keys that PhotoSwipe does not know, and those that are not meant for it. */
  #takesKey(event: KeyboardEvent): boolean {
    const inDetails = this.#panel.contains(event.target as Node)
    if (event.key === 'Escape' && this.#detailsShown) {
      this.#showDetails(false)
      return true
    }
    if (inDetails) return event.key !== 'Tab'
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false
    const end = this.#sequence.length - 1
    switch (event.key) {
      case 'Home':
        return this.#goTo(0, event)
      case 'End':
        return this.#goTo(end, event)
      case 'Delete':
        this.#delete()
        return true
      case 'i':
        this.#showDetails(!this.#detailsShown)
        return true
    }
    return false
  }

  #goTo(position: number, event: KeyboardEvent): true {
    event.preventDefault()
    this.#swipe.goTo(this.#sequence.position(position))
    return true
  }

  #showDetails(shown: boolean): void {
    const hadFocus = this.#panel.contains(document.activeElement)
    this.#panel.hidden = !shown
    this.#infoButton?.setAttribute('aria-expanded', String(shown))
    this.#swipe.element!.toggleAttribute('data-details', shown)
    this.#drawDetails()
    this.#swipe.updateSize(true)
    if (shown) this.#panel.querySelector<HTMLElement>('h2')?.focus()
    else if (hadFocus) this.#infoButton?.focus()
  }

  #drawDetails(): void {
    const photo = this.#photo
    const { list } = this.#options
    const content = photo === undefined || !this.#detailsShown ? null : <Details key={photo.id} photo={photo} list={list} onDone={() => this.#showDetails(false)} />
    render(content, this.#panel)
  }

  /** Beside the details there is less room for the photo. */
  #padding(): { top: number; bottom: number; left: number; right: number } {
    const taken = !this.#detailsShown || innerWidth <= roomForDetails ? 0 : detailsWidth
    const [left, right] = rightToLeft() ? [taken, 0] : [0, taken]
    return { top: 0, bottom: 0, left, right }
  }
}
