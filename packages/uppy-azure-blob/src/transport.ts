import { type Answer, UploadError } from './errors.js'

/** One request that carries bytes to the storage, or asks it something. */
export interface SendRequest {
  method: 'GET' | 'PUT' | 'DELETE'
  url: string
  headers: Record<string, string>
  body?: Blob | string
  signal?: AbortSignal | undefined
  /** Milliseconds without a byte moving after which the request is given up; 0 never gives up. */
  stallTimeout: number
  /** Bytes of the body sent so far. */
  onProgress?: ((loaded: number) => void) | undefined
}

/**
 * Sends with XMLHttpRequest, the only thing in browsers that tells how many bytes have left; with fetch where there is
 * none (workers of some kinds, Node), where progress comes once a request.
 */
export function send(request: SendRequest): Promise<Answer> {
  request.signal?.throwIfAborted()
  return typeof XMLHttpRequest === 'undefined' ? sendByFetch(request) : sendByXHR(request)
}

function sendByXHR(request: SendRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { signal, stallTimeout } = request
    const xhr = new XMLHttpRequest()
    let timer: ReturnType<typeof setTimeout> | undefined
    let stalled = false

    const settle = (finish: () => void): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      finish()
    }
    const onAbort = (): void => xhr.abort()
    const alive = (): void => {
      clearTimeout(timer)
      if (stallTimeout <= 0) return
      timer = setTimeout(() => {
        stalled = true
        xhr.abort()
      }, stallTimeout)
    }

    xhr.open(request.method, request.url)
    xhr.responseType = 'text'
    for (const [name, value] of Object.entries(request.headers)) xhr.setRequestHeader(name, value)
    xhr.upload.onprogress = (event) => {
      alive()
      request.onProgress?.(event.loaded)
    }
    xhr.onprogress = alive
    xhr.onload = () =>
      settle(() =>
        resolve({ status: xhr.status, header: headerReader(xhr.getAllResponseHeaders()), text: xhr.responseText }),
      )
    xhr.onerror = () => settle(() => reject(networkError()))
    // Safari reports a dropped connection as `abort`: only the signal tells whether we meant it.
    xhr.onabort = () =>
      settle(() => reject(signal?.aborted ? signal.reason : stalled ? stallError(stallTimeout) : networkError()))
    signal?.addEventListener('abort', onAbort)
    alive()
    xhr.send(request.body ?? null)
  })
}

/** Reads what CORS exposes; asking XMLHttpRequest for one header that it hides puts an error on the console. */
function headerReader(block: string): (name: string) => string | null {
  const headers = new Headers()
  for (const line of block.trim().split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  return (name) => headers.get(name)
}

async function sendByFetch(request: SendRequest): Promise<Answer> {
  const { signal, stallTimeout } = request
  const stop = new AbortController()
  const onAbort = (): void => stop.abort()
  signal?.addEventListener('abort', onAbort)
  const timer = stallTimeout > 0 ? setTimeout(onAbort, stallTimeout) : undefined
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers,
      body: request.body ?? null,
      signal: stop.signal,
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    })
    const text = await response.text()
    if (request.body instanceof Blob) request.onProgress?.(request.body.size)
    return { status: response.status, header: (name) => response.headers.get(name), text }
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw stop.signal.aborted ? stallError(stallTimeout) : networkError(error)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

export function networkError(cause?: unknown): UploadError {
  return new UploadError('The connection failed', { kind: 'network', retryable: true, cause })
}

function stallError(milliseconds: number): UploadError {
  return new UploadError(`No byte moved for ${Math.round(milliseconds / 1000)} seconds`, {
    kind: 'stalled',
    retryable: true,
  })
}
