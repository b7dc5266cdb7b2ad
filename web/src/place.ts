import type { Owner } from './api'

/** Where one is, as the address says after its #: whose photos, and which of them is open. */
export interface Place {
  owner: Owner
  /** An id. */
  photo?: string | undefined
}

export function placeOf(hash: string): Place {
  const [, owner, photo] = /^#(public)?\/?(?:photo\/([\w-]+))?$/.exec(hash) ?? []
  return { owner: owner === undefined ? 'me' : 'public', photo }
}

export function hashOf({ owner, photo }: Place): string {
  const parts = [owner === 'public' && 'public', photo !== undefined && `photo/${photo}`].filter(Boolean)
  return `#${parts.join('/')}`
}

export const here = (): Place => placeOf(location.hash)

/** Names the photo that is open. The first one gets an entry of its own in the history: "back" closes it. */
export function enterPhoto(place: Place): void {
  if (here().photo !== undefined) return history.replaceState(history.state, '', hashOf(place))
  // The gallery is where it was, or where the last photo is: the browser shall not scroll it back.
  history.scrollRestoration = 'manual'
  history.pushState({ entered: true }, '', hashOf(place))
}

/** The photo was closed otherwise than by going back. */
export function leavePhoto(): void {
  const { owner, photo } = here()
  if (photo === undefined) return
  if ((history.state as { entered?: boolean } | null)?.entered) history.back()
  else history.replaceState(null, '', owner === 'public' ? hashOf({ owner }) : location.pathname)
}
