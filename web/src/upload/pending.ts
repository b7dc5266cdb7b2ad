import { recall, remember } from '../remember'

const key = 'uploads-pending'

/** Whether an earlier page left uploads behind; says so without loading the uploader. */
export const uploadsPending = (): boolean => recall(key) !== null

export const setUploadsPending = (pending: boolean): void => remember(key, pending ? '1' : null)
