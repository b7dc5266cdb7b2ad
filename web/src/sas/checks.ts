import { bytesOf, quote, sameName } from './bytes'
import { times } from './describe'
import { type Explainer, fail, hasFinding, warn } from './finding'
import { resourceName, resources } from './layouts'
import { doneWith, type Operation, overwrites } from './operations'
import { countOther, intended, otherParameter, requestOf } from './target'
import { levelOf, pathOf, valueOf } from './token'
import { common, contains, duration, formatTime, second, union, without } from './values'

/** How far ahead a start may lie for the clocks to be blamed. Azure advises to allow for a quarter of an hour. */
const skewAllowance = 900n * second

/** The life from which on a SAS without a stored access policy is warned of. */
const longLife = 86_400n * second

/** Judges time, protocol, address, policy and what is bound. */
export function checkLimits(e: Explainer): void {
  const { token, target, q } = e
  checkPolicy(e)
  checkTimes(e)
  if (token.protocol === 'https' && target.fromURL && !target.https) {
    fail(e, 'protocol-mismatch', 'spr', 'The SAS is for https only, and the URL is http.', 'Use https; or, on loopback only, sign with spr=https,http.')
  }
  if (q.ip && token.ip && !contains(token.ip, q.ip)) {
    fail(e, 'ip-mismatch', 'sip', `The SAS is for ${token.ip.text}, and the request comes from ${q.ip.text}.`,
      'What counts is the address the service sees: behind NAT or a proxy it is another, and from within the same Azure region a private one.')
  }
  if (valueOf(token, 'sduoid')) {
    warn(e, 'user-bound', 'sduoid', 'The SAS works only together with a bearer token of the user it is bound to.', 'Send Authorization: Bearer … of that user.')
  }
  for (const name of q.headers ? token.signedHeaders : []) {
    if (!q.headers!.some((each) => sameName(each.name, name))) {
      fail(e, 'signed-header-missing', 'srh', `The SAS binds the header ${quote(name)}, which the request lacks.`, 'Send it with the very value that was signed.')
    }
  }
  for (const name of target.fromURL ? token.signedQuery : []) {
    const n = countOther(token, name)
    if (n !== 1) {
      fail(e, 'signed-query-missing', 'srq', `The SAS binds the query parameter ${quote(name)}, which stands ${n} times in the URL.`,
        'It must stand there once, with the very value that was signed.')
    }
  }
}

function checkPolicy(e: Explainer): void {
  const { token, policy, q } = e
  const id = valueOf(token, 'si')
  if (id === '') return
  if (!q.policies) {
    warn(e, 'policy-unseen', 'si', `What it allows stands in the container's stored access policy ${quote(id)}, which is not known here.`,
      'Look with Get Container ACL whether it is there.')
    return
  }
  if (!policy) {
    fail(e, 'policy-unknown', 'si', `The container has no stored access policy ${quote(id)}.`,
      'It was removed, which revokes the SAS, or renamed; after Set Container ACL it takes up to 30 seconds to be known.')
    return
  }
  const problem = (code: string, field: string, message: string): void =>
    fail(e, code, field, message, 'Each of start, expiry and permissions stands in the SAS or in its policy, and in one only.')
  const own = token.kind === 'account SAS' ? '' : token.permissions
  if (policy.start && token.start) problem('policy-conflict', 'st', 'The start stands in the SAS and in its stored access policy.')
  else if (policy.expiry && token.expiry) problem('policy-conflict', 'se', 'The expiry stands in the SAS and in its stored access policy.')
  else if (policy.permissions && own) problem('policy-conflict', 'sp', 'Permissions stand in the SAS and in its stored access policy.')
  else if (!times(e).expiry) problem('parameter-missing', 'se', 'Neither the SAS nor its stored access policy has an expiry.')
  else if (!policy.permissions && !own) problem('parameter-missing', 'sp', 'Neither the SAS nor its stored access policy has permissions.')
}

function checkTimes(e: Explainer): void {
  const { now, token } = e
  const { start, expiry } = times(e)
  if (expiry && now >= expiry.at) {
    fail(e, 'expired', 'se', `It expired ${duration(now - expiry.at)} ago, at ${formatTime(expiry.at)}.`, 'Ask for a new one. Times in a SAS are UTC.')
  }
  if (start && now < start.at) {
    const ahead = start.at - now
    fail(e, 'not-yet-valid', 'st', `It starts only in ${duration(ahead)}, at ${formatTime(start.at)}.`, 'Times in a SAS are UTC.')
    if (ahead <= skewAllowance) {
      warn(e, 'clock-skew', 'st', "The start is so near that the signer's clock may simply be ahead.", 'Leave st out, or set it a quarter of an hour back.')
    }
  }
  const { keyStart, keyEnd } = token
  if (!keyEnd) return
  if (now >= keyEnd.at) {
    fail(e, 'delegation-key-expired', 'ske', `The user delegation key expired ${duration(now - keyEnd.at)} ago.`, 'Get a new key and sign with it; a key lives at most seven days.')
  }
  if (keyStart && now < keyStart.at) {
    fail(e, 'delegation-key-not-yet-valid', 'skt', `The user delegation key is good only in ${duration(keyStart.at - now)}.`, 'Ask for a key that starts a quarter of an hour ago.')
  }
  if (expiry && expiry.at > keyEnd.at) {
    warn(e, 'outlives-key', 'se', `The SAS outlives its user delegation key, and ends with it at ${formatTime(keyEnd.at)}.`, 'Let it end no later than the key.')
  }
}

/** Judges the rights for what shall be done, and whether the SAS reaches what the URL names. */
export function checkOperation(e: Explainer): void {
  const { token, target, policy } = e
  const op = intended(e)
  const request = requestOf(e)
  const level = levelOf(request)
  if (op) {
    e.out.operation = op.name
    checkBoundOperation(e, op)
  } else if (e.q.method) {
    warn(e, 'operation-unknown', '', `What ${quote(bytesOf(e.q.method))} does here is not known, so the rights for it are not judged.`,
      'Name the operation instead of the method.')
  }
  if (token.kind === 'account SAS') {
    if (token.services !== '' && !token.services.includes('b')) {
      fail(e, 'service-mismatch', 'ss', 'The SAS is not for the Blob service: b is not in ss.', 'Sign with ss=b.')
    }
    if (op) checkAccountRights(e, op, level)
    else if (target.fromURL) checkAccountLevel(e, level)
    return
  }
  if (target.known && token.resource !== '' && target.container !== '') {
    if (pathOf(token, request) === undefined) {
      fail(e, 'resource-mismatch', 'sr', resourceMismatch(e), 'Make a SAS for what the URL names, or use the URL it was made for.')
    }
  } else if (target.fromURL && target.container === '' && token.resource !== '') {
    fail(e, 'resource-mismatch', 'sr', `The SAS opens a ${resourceName(token.resource)}, and the URL names no container.`,
      'Add /container or /container/blob to the URL; a request to the service needs an account SAS.')
  }
  if (!op) return
  if (target.fromURL && !op.level.includes(level)) fail(e, 'resource-mismatch', 'sr', op.name + ' does not go to what the URL names.')
  if (valueOf(token, 'si') && !policy && !token.permissions) return
  checkRights(e, op, op.service, policy ? union(token.permissions, policy.permissions) : token.permissions)
}

/** Compares an operation that was asked for by name with the comp that the SAS binds and the URL has. */
function checkBoundOperation(e: Explainer, op: Operation): void {
  const { q, token } = e
  const comp = otherParameter(token, 'comp')
  const bound = token.signedQuery.some((name) => sameName(name, 'comp')) && countOther(token, 'comp') === 1
  if (q.operation && bound && !doneWith(op, comp)) {
    fail(e, 'signed-query-missing', 'srq', `The SAS binds comp=${quote(comp)}, and no ${op.name} is done with that.`, 'Make a SAS for that operation.')
  }
}

/** Finds an account SAS that is for nothing of what the URL names, nor for anything below it. */
function checkAccountLevel(e: Explainer, level: string): void {
  const has = e.token.resourceTypes
  const below = level === 's' ? 'sco' : level === 'c' ? 'co' : 'o'
  if (has !== '' && !common(has, below)) {
    fail(e, 'resource-type-mismatch', 'srt', `What the URL names needs ${quote(level)} in srt, which is ${quote(has)}.`, 'Sign with that resource type.')
  }
}

function checkAccountRights(e: Explainer, op: Operation, level: string): void {
  const { token, target } = e
  if (target.fromURL && !op.level.includes(level)) {
    fail(e, 'resource-mismatch', 'srt', op.name + ' does not go to what the URL names.')
    return
  }
  if (!target.fromURL) level = op.level
  if (!common(token.resourceTypes, level)) {
    fail(e, 'resource-type-mismatch', 'srt', `${op.name} needs ${quote(level)} in srt, which is ${quote(token.resourceTypes)}.`, 'Sign with that resource type.')
  }
  checkRights(e, op, op.account, token.permissions)
}

function checkRights(e: Explainer, op: Operation, needs: string, has: string): void {
  const missing = (message: string, hint: string): void => fail(e, 'permission-missing', 'sp', message, hint)
  if (common(has, needs)) {
    if (overwrites(op) && !has.includes('w')) {
      warn(e, 'create-only', 'sp', `With c and not w, ${op.name} works only as long as the blob is not there.`, 'Add w if it shall be overwritten.')
    }
  } else if (needs === '') {
    missing(`No ${e.token.kind} can do ${op.name}.`, 'It takes an account SAS, the account key or a bearer token.')
  } else if (has.includes('c') && op.name.startsWith('Put Block')) {
    missing(op.name + ' needs w: c creates a blob with one request, and cannot stage or commit blocks.', 'Sign with w, or upload with one Put Blob.')
  } else {
    missing(`${op.name} needs one of ${quote(needs)}, and the SAS has ${quote(has)}.`, 'Sign with what the operation needs.')
  }
}

function resourceMismatch({ token, target }: Explainer): string {
  if (token.resource === 'd') return `The SAS opens what lies below a directory of depth ${token.depth}, and the URL names something else.`
  const named = target.blob === '' ? 'container' : otherParameter(token, 'snapshot') ? 'snapshot' : otherParameter(token, 'versionid') ? 'version' : 'blob'
  return `The SAS opens a ${resourceName(token.resource)}, and the URL names a ${named}.`
}

/** By kind, what ends a SAS without a stored access policy early, and what to do instead. */
const longLifeAdvice: Record<string, [end: string, hint: string]> = {
  'service SAS': ['a new key', 'Sign for minutes or hours, or with a stored access policy (si) that can be removed.'],
  'account SAS': ['a new key', 'Sign for minutes or hours: an account SAS has no stored access policy that could be removed.'],
  'user delegation SAS': ["revoking the account's delegation keys or its signer's rights",
    'Sign for minutes or hours: a user delegation SAS has no stored access policy that could be removed.'],
}

/** Warns of what best practice warns of. */
export function advise(e: Explainer): void {
  const { token, target, now } = e
  if (token.protocol !== 'https') {
    warn(e, 'no-https', 'spr', 'It also works over plain http, where anybody on the way can read it.', 'Sign with spr=https.')
  }
  const { start, expiry } = times(e)
  const from = start && start.at > now ? start.at : now
  if (!valueOf(token, 'si') && expiry && expiry.at - from > longLife) {
    const [end, hint] = longLifeAdvice[token.kind]!
    warn(e, 'long-life', 'se', `It lives for ${duration(expiry.at - from)}, and only ${end} ends it before.`, hint)
  }
  const op = intended(e)
  const ofAccount = token.kind === 'account SAS'
  const work = target.container !== '' ? 'this URL' : op?.service ? op.name : ''
  if (ofAccount && work) {
    warn(e, 'account-sas', 'ss', `An account SAS opens every container; for ${work} a service or user delegation SAS would do.`, 'Make one for the container or the blob.')
  }
  if (ofAccount && op) {
    const services = without(token.services, 'b')
    const levels = without(token.resourceTypes, op.level)
    if (services) warn(e, 'excess-rights', 'ss', `${op.name} does not need ${quote(services)} in ss.`, 'Sign with ss=b.')
    if (levels && !hasFinding(e, 'resource-type-mismatch')) {
      warn(e, 'excess-rights', 'srt', `${op.name} does not need ${quote(levels)} in srt.`, 'Sign with less.')
    }
  }
  const known = resources.get(token.resource)
  const useless = ofAccount ? '' : known ? common(token.permissions, known.useless) : token.permissions
  if (useless && token.resource !== '') {
    warn(e, 'useless-rights', 'sp', `${quote(useless)} means nothing on a ${resourceName(token.resource)}.`, 'Leave it out; listing needs a container or directory SAS.')
  }
  const extra = op ? without(token.permissions, useless + (ofAccount ? op.account : op.service)) : ''
  if (extra && !hasFinding(e, 'permission-missing')) {
    warn(e, 'excess-rights', 'sp', `${op!.name} does not need ${quote(extra)}.`, 'Sign with less.')
  }
}
