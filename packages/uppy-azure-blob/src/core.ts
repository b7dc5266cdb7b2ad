export { discard, upload } from './upload.js'
export { blockId, blockSizeFor } from './blocks.js'
export { UploadError, type UploadErrorKind } from './errors.js'
export { createLanes, type Lanes } from './limiter.js'
export type { FileInfo, ResumeState, UploadResult } from './destination.js'
export type { Integrity } from './integrity.js'
export type { SigningOptions, TransferOptions, UploadOptions } from './options.js'
export type {
  CallbackContext,
  Credentials,
  GetCredentialsOptions,
  GetUploadOptions,
  SignableRequest,
  SignRequestOptions,
  UploadTarget,
} from './signers.js'
export type { ValetkeyOptions } from './valetkey.js'
