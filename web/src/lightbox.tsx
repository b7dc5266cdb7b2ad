import PhotoSwipe, { type SlideData } from 'photoswipe'
import 'photoswipe/style.css'
import './styles/lightbox.css'
import { render } from 'preact'
import type { Photo } from './api'
import type { PhotoList } from './gallery/photo-list'
import { photoName, srcset } from './gallery/tile'
import { Details } from './details'
import { t } from './texts'

const drawing = (path: string): string =>
  `<svg class="icon" width="24" height="24" viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`

/** Shows one photo of the list large, with the others a swipe away. Loaded when the first photo is opened. */
export function openLightbox(list: PhotoList, index: number, onDelete: (photo: Photo) => void): void {
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
  const swipe = new PhotoSwipe({
    index,
    mainClass: 'lightbox',
    bgOpacity: 1,
    showHideAnimationType: calm ? 'none' : 'zoom',
    loop: false,
    wheelToZoom: true,
    closeTitle: t.close,
    zoomTitle: t.zoom,
    arrowPrevTitle: t.previous,
    arrowNextTitle: t.next,
    errorMsg: t.imageFailed,
    returnFocus: false,
    trapFocus: true,
  })
  const photoAt = (at: number): Photo | undefined => list.photos[at]

  swipe.addFilter('numItems', () => list.photos.length)
  swipe.addFilter('itemData', (_, at) => slide(photoAt(at)))
  swipe.addFilter('thumbEl', (_, __, at) => tileImage(at) as HTMLElement)
  swipe.addFilter('placeholderSrc', (source, { data }) => (data.msrc as string | undefined) ?? source)

  const panel = document.createElement('div')
  panel.className = 'lightbox-details'
  panel.hidden = true
  const draw = (): void => {
    const photo = photoAt(swipe.currIndex)
    if (photo && !panel.hidden) render(<Details key={photo.id} photo={photo} list={list} onDone={close} />, panel)
  }
  const close = (): void => {
    panel.hidden = true
    render(null, panel)
  }

  swipe.on('uiRegister', () => {
    if (list.owner === 'me') {
      swipe.ui!.registerElement({
        name: 'delete',
        title: t.delete,
        order: 7,
        isButton: true,
        html: drawing('M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.3 11v5M13.7 11v5'),
        onClick: () => {
          const photo = photoAt(swipe.currIndex)
          swipe.close()
          if (photo) onDelete(photo)
        },
      })
    }
    swipe.ui!.registerElement({
      name: 'download',
      title: t.download,
      order: 8,
      isButton: true,
      tagName: 'a',
      html: drawing('M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 19.5h14'),
      onInit: (element) => {
        const link = element as HTMLAnchorElement
        link.setAttribute('aria-label', t.download)
        link.download = ''
        swipe.on('change', () => {
          link.href = photoAt(swipe.currIndex)?.original.url ?? ''
        })
      },
    })
    swipe.ui!.registerElement({
      name: 'details',
      title: t.details,
      order: 9,
      isButton: true,
      html: drawing('M12 11v5.5M12 7.5v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z'),
      onClick: () => {
        if (!panel.hidden) return close()
        panel.hidden = false
        draw()
      },
    })
  })
  const onPopState = (): void => swipe.close()
  swipe.on('afterInit', () => {
    swipe.element!.setAttribute('aria-label', t.appName)
    swipe.element!.append(panel)
    // Typing a title must not turn pages, and Escape leaves the field first.
    panel.addEventListener('keydown', (event) => event.stopPropagation())
    panel.addEventListener('pointerdown', (event) => event.stopPropagation())
    history.pushState({ lightbox: true }, '')
    addEventListener('popstate', onPopState)
  })
  swipe.on('change', () => {
    draw()
    const photo = photoAt(swipe.currIndex)
    swipe.currSlide?.content.element?.setAttribute('alt', photo ? photoName(photo) : '')
    // The next page has to be here before the last photo is.
    if (swipe.currIndex > list.photos.length - 10) void list.loadMore()
  })
  swipe.on('contentLoadImage', ({ content }) => {
    const photo = photoAt(content.index)
    content.element?.setAttribute('alt', photo ? photoName(photo) : '')
  })
  const unsubscribe = list.subscribe(draw)
  swipe.on('destroy', () => {
    unsubscribe()
    render(null, panel)
    removeEventListener('popstate', onPopState)
    if ((history.state as { lightbox?: boolean } | null)?.lightbox) history.back()
    const tile = document.querySelector<HTMLElement>(`a[data-index="${swipe.currIndex}"]`)
    tile?.focus({ preventScroll: true })
  })
  swipe.init()
}

function slide(photo: Photo | undefined): SlideData {
  if (photo === undefined) return {}
  const largest = photo.variants.at(-1)!
  return {
    src: largest.url,
    srcset: srcset(photo),
    width: largest.width,
    height: largest.height,
    alt: photoName(photo),
    msrc: photo.variants[0]!.url,
    thumbCropped: true,
  }
}

function tileImage(index: number): Element | null {
  return document.querySelector(`.gallery a[data-index="${index}"] img`)
}
