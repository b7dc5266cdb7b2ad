// Checked by `npm run typecheck`, and never run: what the types let through, and what they refuse.
import Uppy from '@uppy/core'
import AzureBlob, { upload } from '../src/index.js'

const file = new Blob()
const getUpload = () => ({ url: '' })
const completeUpload = () => undefined
const signRequest = () => ({ url: '' })
const getCredentials = () => ({ sasKey: '', url: '' })

export const accepted = () => [
  upload(file, { endpoint: '/api', headers: { Authorization: '' }, credentials: 'include', limit: 3 }),
  upload(file, { getUpload, completeUpload, blockSize: 1 }),
  upload(file, { signRequest, integrity: 'md5' }),
  upload(file, { getCredentials, container: 'images' }),
  new Uppy().use(AzureBlob, { endpoint: '/api', id: 'mine' }),
  new Uppy().use(AzureBlob, { getUpload, completeUpload, limit: 3 }),
  new Uppy().use(AzureBlob, { signRequest }),
  new Uppy().use(AzureBlob, { getCredentials, container: 'images' }),
]

export const refused = () => [
  // @ts-expect-error nobody signs
  upload(file, { limit: 3 }),
  // @ts-expect-error two sign
  upload(file, { endpoint: '/api', getUpload }),
  // @ts-expect-error two sign
  upload(file, { endpoint: '/api', signRequest }),
  // @ts-expect-error two sign
  upload(file, { endpoint: '/api', getCredentials }),
  // @ts-expect-error two sign
  upload(file, { getUpload, signRequest }),
  // @ts-expect-error two sign
  upload(file, { getUpload, getCredentials }),
  // @ts-expect-error two sign
  upload(file, { signRequest, getCredentials }),
  // @ts-expect-error Valetkey commits what it grants
  upload(file, { endpoint: '/api', completeUpload }),
  // @ts-expect-error a backend's URL names the container
  upload(file, { getUpload, container: 'images' }),
  // @ts-expect-error a callback sends its own headers
  upload(file, { getCredentials, headers: { Authorization: '' } }),
  // @ts-expect-error an endpoint is no function
  upload(file, { endpoint: getUpload }),
  // @ts-expect-error the storage checks no SHA-256
  upload(file, { endpoint: '/api', integrity: 'sha256' }),
  // @ts-expect-error nobody signs
  new Uppy().use(AzureBlob, {}),
  // @ts-expect-error two sign
  new Uppy().use(AzureBlob, { endpoint: '/api', getCredentials }),
  // @ts-expect-error two sign
  new Uppy().use(AzureBlob, { getUpload, signRequest }),
]
