import { accountPermissionLetters as anyAccountRight, permissionLetters as anyRight } from './values'

/** What an operation asks for: any one of the letters will do; none means that this kind of SAS cannot. */
export interface Operation {
  name: string
  /** Where its URL points, and the srt that an account SAS needs: s, c or o. */
  level: string
  service: string
  account: string
}

/**
 * The rights table: level, rights of a service or user delegation SAS, and of an account SAS where they are others.
 * Source: the tables of operations in "Create a service SAS" and "Create an account SAS".
 */
const table: [string, string, string, string?][] = [
  ['List Containers', 's', '', 'l'],
  ['Get Blob Service Properties', 's', '', 'r'],
  ['Set Blob Service Properties', 's', '', 'w'],
  ['Get Blob Service Stats', 's', '', 'r'],
  ['Get Account Information', 'sco', 'r', anyAccountRight],
  ['Get User Delegation Key', 's', ''],
  ['Find Blobs by Tags', 's', '', 'f'],
  ['Blob Batch', 's', '', anyAccountRight],
  ['Create Container', 'c', '', 'wc'],
  ['Delete Container', 'c', '', 'd'],
  ['Restore Container', 'c', '', 'w'],
  ['Get Container Properties', 'c', '', 'r'],
  ['Set Container Metadata', 'c', '', 'w'],
  ['Get Container ACL', 'c', ''],
  ['Set Container ACL', 'c', ''],
  ['Lease Container', 'c', '', 'w'],
  ['Lease Container (break)', 'c', '', 'wd'],
  ['List Blobs', 'c', 'l'],
  ['Find Blobs by Tags in Container', 'c', 'f'],
  ['Blob Batch in Container', 'c', anyRight, anyAccountRight],
  ['Put Blob', 'o', 'cw', 'wc'],
  ['Put Blob From URL', 'o', 'cw', 'wc'],
  ['Copy Blob', 'o', 'cw', 'wc'],
  ['Abort Copy Blob', 'o', 'w'],
  ['Put Block', 'o', 'w'],
  ['Put Block From URL', 'o', 'w'],
  ['Put Block List', 'o', 'w'],
  ['Get Block List', 'o', 'r'],
  ['Get Blob', 'o', 'r'],
  ['Get Blob Properties', 'o', 'r'],
  ['Set Blob Properties', 'o', 'w'],
  ['Set Blob Metadata', 'o', 'w'],
  ['Get Blob Tags', 'o', 't'],
  ['Set Blob Tags', 'o', 't'],
  ['Set Blob Tier', 'o', 'w'],
  ['Snapshot Blob', 'o', 'cw', 'wc'],
  ['Lease Blob', 'o', 'w'],
  ['Lease Blob (break)', 'o', 'wd'],
  ['Delete Blob', 'o', 'd'],
  ['Delete Blob Version', 'o', 'x'],
  ['Delete Blob (permanent)', 'o', 'y'],
  ['Undelete Blob', 'o', 'w'],
  ['Set Blob Immutability Policy', 'o', 'i'],
]

export const operations: Operation[] = table.map(([name, level, service, account = service]) => ({ name, level, service, account }))

/** Finds an operation by its name in the REST reference; case, spaces and punctuation do not matter. */
export function parseOperation(name: string): Operation | undefined {
  const letters = (text: string): string => text.replace(/[^a-z]/gi, '').toLowerCase()
  return operations.find((each) => letters(each.name) === letters(name))
}

/** By method and level, the operations that comp tells apart. Those that only a header tells apart are not among them. */
const byComp: Record<string, Record<string, string>> = {
  'GET s': { list: 'List Containers', blobs: 'Find Blobs by Tags', stats: 'Get Blob Service Stats' },
  'PUT s': { properties: 'Set Blob Service Properties' },
  'POST s': { batch: 'Blob Batch', userdelegationkey: 'Get User Delegation Key' },
  'GET c': {
    '': 'Get Container Properties', metadata: 'Get Container Properties', acl: 'Get Container ACL', list: 'List Blobs',
    blobs: 'Find Blobs by Tags in Container', properties: 'Get Account Information',
  },
  'PUT c': {
    '': 'Create Container', metadata: 'Set Container Metadata', acl: 'Set Container ACL', lease: 'Lease Container',
    undelete: 'Restore Container',
  },
  'DELETE c': { '': 'Delete Container' },
  'POST c': { batch: 'Blob Batch in Container' },
  'GET o': { '': 'Get Blob', blocklist: 'Get Block List', metadata: 'Get Blob Properties', tags: 'Get Blob Tags' },
  'PUT o': {
    '': 'Put Blob', block: 'Put Block', blocklist: 'Put Block List', metadata: 'Set Blob Metadata',
    properties: 'Set Blob Properties', tags: 'Set Blob Tags', tier: 'Set Blob Tier', snapshot: 'Snapshot Blob',
    lease: 'Lease Blob', undelete: 'Undelete Blob', copy: 'Abort Copy Blob', immutabilityPolicies: 'Set Blob Immutability Policy',
  },
  'DELETE o': { '': 'Delete Blob' },
}

/** Tells the operation by a request's method, the level of its URL, and its restype and comp parameters. */
export function operationOf(method: string, level: string, restype: string, comp: string): Operation | undefined {
  const read = method === 'GET' || method === 'HEAD'
  const at = `${read ? 'GET' : method} ${level}`
  const names = Object.hasOwn(byComp, at) ? byComp[at]! : {}
  let name = Object.hasOwn(names, comp) ? names[comp]! : ''
  if (level === 's' && read && name === '') {
    if (restype === 'account') name = 'Get Account Information'
    else if (comp === 'properties') name = 'Get Blob Service Properties'
  }
  if (name === 'Get Blob' && method === 'HEAD') name = 'Get Blob Properties'
  return name === '' ? undefined : parseOperation(name)
}

/** Operations that a header or another parameter tells from the one that `operationOf` answers. */
const withoutHeader: Record<string, string> = {
  'Put Blob From URL': 'Put Blob', 'Copy Blob': 'Put Blob', 'Put Block From URL': 'Put Block', 'Lease Blob (break)': 'Lease Blob',
  'Lease Container (break)': 'Lease Container', 'Delete Blob Version': 'Delete Blob', 'Delete Blob (permanent)': 'Delete Blob',
}

/** Whether an operation's requests have this comp parameter. */
export function doneWith({ name }: Operation, comp: string): boolean {
  const plain = withoutHeader[name] ?? name
  return ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'].some((method) =>
    [...'sco'].some((level) => ['', 'account'].some((restype) => operationOf(method, level, restype, comp)?.name === plain)))
}

/** Whether an operation replaces a blob when there is one. */
export const overwrites = (operation: Operation): boolean => ['Put Blob', 'Put Blob From URL', 'Copy Blob'].includes(operation.name)
