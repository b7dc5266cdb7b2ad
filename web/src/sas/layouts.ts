/** The kinds of SAS, by their names. */
export type Kind = 'service SAS' | 'account SAS' | 'user delegation SAS'

/**
 * The parameters of a SAS, in the order in which it is written. Those from skoid to srq only a user delegation SAS has.
 */
export const parameters = (
  'sv ss srt st se sr sdd si sp sip spr ses ' +
  'skoid sktid skt ske sks skv saoid suoid scid skdutid sduoid srh srq ' +
  'rscc rscd rsce rscl rsct sig'
).split(' ')

export const delegationParameters = parameters.slice(parameters.indexOf('skoid'), parameters.indexOf('srq') + 1)

/** The oldest sv that can be read: older layouts sign neither address nor protocol. */
export const minVersion = '2015-04-05'

/** The newest sv whose layouts are known here. */
export const defaultVersion = '2026-04-06'

/** The string-to-sign of one kind of SAS from one version on. */
export interface Layout {
  since: string
  fields: string[]
}

/** Signed, but no parameters of the SAS itself: their names as they are shown. */
export const resource = 'resource'
export const moment = 'snapshot or version'
export const headers = 'signed headers'
export const queries = 'signed query parameters'
export const end = '(end)'

const overrides = ['rscc', 'rscd', 'rsce', 'rscl', 'rsct']
const limits = ['sip', 'spr', 'sv']
const what = ['sp', 'st', 'se', resource]
const thing = [...limits, 'sr', moment]
const service = [...what, 'si']
const account = ['account', 'sp', 'ss', 'srt', 'st', 'se', ...limits]
const delegation = [...what, 'skoid', 'sktid', 'skt', 'ske', 'sks', 'skv']
const actors = [...delegation, 'saoid', 'suoid', 'scid']
const bound = [...actors, 'skdutid', 'sduoid', ...thing, 'ses']

/** The layouts, newest first. Source: the three "Create a … SAS" pages of Azure's reference. */
export const layouts: Record<Kind, [Layout, ...Layout[]]> = {
  'service SAS': [
    { since: '2020-12-06', fields: [...service, ...thing, 'ses', ...overrides] },
    { since: '2018-11-09', fields: [...service, ...thing, ...overrides] },
    { since: minVersion, fields: [...service, ...limits, ...overrides] },
  ],
  'account SAS': [
    { since: '2020-12-06', fields: [...account, 'ses', end] },
    { since: minVersion, fields: [...account, end] },
  ],
  'user delegation SAS': [
    { since: defaultVersion, fields: [...bound, headers, queries, ...overrides] },
    { since: '2025-07-05', fields: [...bound, ...overrides] },
    { since: '2020-12-06', fields: [...actors, ...thing, 'ses', ...overrides] },
    { since: '2020-02-10', fields: [...actors, ...thing, ...overrides] },
    { since: '2018-11-09', fields: [...delegation, ...thing, ...overrides] },
  ],
}

/** The first sv that signs an optional field. */
export function fieldSince(field: string): string {
  if (field === 'ses') return '2020-12-06'
  if (['saoid', 'suoid', 'scid'].includes(field)) return '2020-02-10'
  if (['skdutid', 'sduoid'].includes(field)) return '2025-07-05'
  if (['srh', 'srq'].includes(field)) return defaultVersion
  return minVersion
}

/** What sr may say: the name, the first sv that knows it, and the rights that mean nothing on it. */
export const resources = new Map([
  ['b', { name: 'blob', since: minVersion, useless: 'lf' }],
  ['c', { name: 'container', since: minVersion, useless: '' }],
  ['bs', { name: 'snapshot', since: '2018-11-09', useless: 'lf' }],
  ['bv', { name: 'blob version', since: '2019-12-12', useless: 'lf' }],
  ['d', { name: 'directory', since: '2020-02-10', useless: 'f' }],
])

export const resourceName = (resource: string): string => resources.get(resource)?.name ?? 'unknown resource'
