/** The JSON API as the gallery uses it. Uploads go through uppy-azure-blob. */

export interface Variant {
  width: number
  height: number
  type: string
  url: string
}

export interface Photo {
  id: string
  title: string
  /** Pixels, upright. */
  width: number
  height: number
  /** Base64. */
  thumbhash: string
  createdAt: string
  /** Size of the original as published. */
  bytes: number
  /** Narrowest first, at least one. */
  variants: Variant[]
  original: { type: string; bytes: number; url: string }
  /** For the owner alone. */
  details?: { takenAt?: string; camera?: string; place?: { latitude: number; longitude: number } }
}

export interface PhotoPage {
  photos: Photo[]
  cursor?: string
}

export type Owner = 'me' | 'public'

/** RFC 9457 problem details, as far as a user interface needs them. */
export class Problem extends Error {
  /** 0 when there was no answer. */
  readonly status: number
  /** The stable `type`, empty when the answer had none. */
  readonly type: string

  constructor(status: number, type: string, message: string) {
    super(message)
    this.status = status
    this.type = type
  }
}

export function listPhotos(owner: Owner, cursor: string | undefined, limit: number, signal?: AbortSignal): Promise<PhotoPage> {
  const query = new URLSearchParams({ limit: String(limit) })
  if (cursor !== undefined) query.set('cursor', cursor)
  if (owner === 'public') query.set('owner', 'public')
  return call<PhotoPage>('GET', `/api/photos?${query}`, { signal })
}

export function getPhoto(id: string): Promise<Photo> {
  return call<Photo>('GET', path(id))
}

export function renamePhoto(id: string, title: string): Promise<Photo> {
  return call<Photo>('PATCH', path(id), { body: { title } })
}

/** `leaving`: the page is being closed, the request has to outlive it. */
export function deletePhoto(id: string, leaving = false): Promise<void> {
  return call('DELETE', path(id), { keepalive: leaving })
}

function path(id: string): string {
  return `/api/photos/${encodeURIComponent(id)}`
}

interface CallOptions {
  body?: object
  signal?: AbortSignal | undefined
  keepalive?: boolean
}

async function call<T>(method: string, url: string, { body, signal, keepalive = false }: CallOptions = {}): Promise<T> {
  let response: Response
  try {
    response = await fetch(url, {
      method,
      keepalive,
      signal: signal ?? null,
      ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw new Problem(0, '', String(error))
  }
  if (!response.ok) throw await problemOf(response)
  return (response.status === 204 ? undefined : await response.json()) as T
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const { type, title, detail } = (await response.json()) as { type?: string; title?: string; detail?: string }
    return new Problem(response.status, type ?? '', [title, detail].filter(Boolean).join(': '))
  } catch {
    return new Problem(response.status, '', `Status ${response.status}`)
  }
}
