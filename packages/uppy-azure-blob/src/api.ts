import type { ServerClock } from './clock.js'
import { type Answer, errorFromAnswer, UploadError } from './errors.js'
import { networkError } from './transport.js'

export interface ApiOptions {
  /** Added to every request, for instance `Authorization`. Called for each request when it is a function. */
  headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>) | undefined
  /** As for `fetch`; `same-origin` by default. */
  credentials?: RequestCredentials | undefined
}

/** One JSON request. Throws an `UploadError` for everything that is not 2xx. */
export async function callApi(
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  body: unknown,
  options: ApiOptions & { signal?: AbortSignal | undefined; clock?: ServerClock | undefined; keepalive?: boolean },
): Promise<unknown> {
  const headers = typeof options.headers === 'function' ? await options.headers() : options.headers
  const sentAt = Date.now()
  let response: Response
  let text: string
  try {
    response = await fetch(url, {
      method,
      headers: body === undefined ? { ...headers } : { 'Content-Type': 'application/json', ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: options.credentials ?? 'same-origin',
      cache: 'no-store',
      keepalive: options.keepalive ?? false,
      signal: options.signal ?? null,
    })
    options.clock?.observe(response.headers.get('date'), sentAt, Date.now())
    text = await response.text()
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason
    throw networkError(error)
  }
  const answer: Answer = { status: response.status, header: (name) => response.headers.get(name), text }
  if (!response.ok) throw errorFromAnswer(answer, `${method} ${new URL(url, 'http://-').pathname}`)
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UploadError('The server sent something that is not JSON', { kind: 'server', status: response.status, cause })
  }
}
