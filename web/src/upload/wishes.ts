import { recall, remember } from '../remember'

const smallerKey = 'smaller'

/** Whether photos are made smaller before they are sent. Holds for files that are added from then on. */
export const sendsSmaller = (): boolean => recall(smallerKey) !== null

export const sendSmaller = (wanted: boolean): void => remember(smallerKey, wanted ? '1' : null)
