import type { Bytes } from './bytes'
import { advise, checkLimits, checkOperation } from './checks'
import { clean, hasOwnParameter, repair } from './clean'
import { describe } from './describe'
import { type Explainer, type Explanation, fail, hasFinding, type Question } from './finding'
import { defaultVersion } from './layouts'
import { checkSignature } from './signature'
import { locate, type Target } from './target'
import { parse, type Token, valueOf } from './token'
import { type Invalid, permissionLetters, ticks } from './values'

/**
 * Says in plain words what a SAS allows and what is wrong with it, as the Go package `sas` and the command `valetkey sas
 * explain` do; testdata/sas holds the two to one another. The text may be anything; nothing in the answer repeats a
 * signature or a key.
 */
export async function explain(q: Question): Promise<Explanation> {
  const out: Explanation = { verdict: 'unverified', signature: 'unchecked', findings: [] }
  const e: Explainer = { q, now: ticks(q.now), out, token: noToken, target: noTarget }
  const cleaned = clean(e)
  if (cleaned) {
    e.target = locate(e, ...cleaned)
    if (readToken(e, cleaned[1])) {
      describe(e)
      checkLimits(e)
      checkOperation(e)
      await checkSignature(e)
      advise(e)
    }
  }
  // What stops the request comes before what only might: the first line is the one that is read.
  out.findings.sort((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'))
  if (out.findings[0]?.severity === 'failure') out.verdict = 'refused'
  else if (out.signature === 'right' && !hasFinding(e, 'policy-unseen') && !hasFinding(e, 'operation-unknown')) out.verdict = 'works'
  return out
}

// What stands there until the text was read.
const [noToken]: [Token, unknown] = parse('')
const noTarget: Target = {
  known: false, fromURL: false, https: false, pathStyle: false, doubled: false, account: '', container: '', blob: '',
}

/** Parses the query and turns problems into findings. */
function readToken(e: Explainer, query: Bytes): boolean {
  if (!hasOwnParameter(query)) {
    fail(e, 'no-sas', '', 'There is no SAS here: no sig and no other parameter of one.', 'Paste the whole URL, or the part after the question mark.')
    return false
  }
  const [token, problems] = parse(repair(e, query))
  e.token = token
  for (const problem of problems) tell(e, problem)
  e.policy = e.q.policies?.get(valueOf(token, 'si'))
  return true
}

const codes: Partial<Record<Invalid['problem'], string>> = {
  'wrong-order': 'permission-order',
  contradiction: 'parameter-contradiction',
  'not-allowed': 'parameter-contradiction',
  'too-old': 'version-too-old',
}

function tell(e: Explainer, { problem, field, detail }: Invalid): void {
  let code = codes[problem] ?? 'parameter-' + problem
  let hint = ''
  if (field === 'sig' && problem === 'malformed') {
    code = 'sig-malformed'
    hint = 'A signature is 44 characters of base64, ending in =, and URL-encoded in the query. Was it cut off when it was copied?'
  } else if (problem === 'missing' && field.startsWith('sk')) {
    code = 'delegation-key-incomplete'
    hint = 'A user delegation SAS carries skoid, sktid, skt, ske, sks and skv of its key. Copy the whole SAS, or sign it with an SDK.'
  } else if (problem === 'too-old') {
    hint = `Sign with a newer sv; the SDKs write ${defaultVersion} or so.`
  } else if (problem === 'wrong-order') {
    hint = `Write the permissions in the order ${permissionLetters} and sign again.`
  }
  fail(e, code, field, `Parameter ${field}: ${detail}.`, hint)
}
