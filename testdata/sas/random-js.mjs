// Signs random values with Microsoft's JavaScript SDK and writes a JSON line for each: what the SAS is for, and the SAS.
// Usage: node random-js.mjs SEED COUNT. The Go tests of package sas check every one.
import {
  AccountSASPermissions, AccountSASResourceTypes, AccountSASServices, BlobSASPermissions, ContainerSASPermissions,
  SASProtocol, StorageSharedKeyCredential, generateAccountSASQueryParameters, generateBlobSASQueryParameters,
} from "@azure/storage-blob";

let state = Number(process.argv[2]) >>> 0;
const random = () => { // mulberry32
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const maybe = (make) => (random() < 0.5 ? make() : undefined);
const letters = (all) => [...all].filter(() => random() < 0.4).join("") || pick([...all]);
const text = () => Array.from({ length: 1 + below(12) }, () => pick([..."abcXYZ019 -_.~!*'();:@&=+$,?#[]%\"<>{}|äß夏🌞"])).join("");
const guid = () => "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replaceAll("x", () => below(16).toString(16));
const at = (hours) => new Date(Date.UTC(2026, 4, 4, 12) + Math.round(hours * 3600_000) - below(60) * 1000);
const range = () => ({ start: `10.0.0.${below(100)}`, ...(random() < 0.5 && { end: `10.0.0.${100 + below(100)}` }) });
const protocol = () => pick([SASProtocol.Https, SASProtocol.HttpsAndHttp]);
const blobName = () => text().replaceAll("\\", "").replace(/^[./]+/, "b") || "b";

const accountKey = Buffer.from("0123456789abcdef".repeat(4)).toString("base64");
const delegationValue = Buffer.from("delegate".repeat(4)).toString("base64");
const shared = new StorageSharedKeyCredential("acct", accountKey);

const bound = (names) => Object.fromEntries([...names].sort(() => random() - 0.5).slice(0, 1 + below(names.length)).map((name) => [name, text()]));

const overrides = () => ({
  cacheControl: maybe(text), contentDisposition: maybe(text), contentEncoding: maybe(text),
  contentLanguage: maybe(text), contentType: maybe(text),
});

// What a letter needs; y and f are left to the vectors, as the SDKs disagree about their place.
const rights = (version, list) => letters("racwd" + (version >= "2019-12-12" ? "x" : "") + list + (version >= "2019-12-12" ? "t" : "") +
  (version >= "2020-02-10" ? "me" : "") + (version >= "2020-08-04" ? "i" : ""));
const moment = () => `2026-01-0${1 + below(9)}T03:04:05.${1000000 + below(8999999)}Z`;
// A policy may have the expiry, the rights, or both.
const policy = () => ({ identifier: text(), ...(random() < 0.5 && { expiresOn: undefined }), ...(random() < 0.5 && { permissions: undefined }) });

function service(signer, version, more) {
  const container = random() < 0.3;
  const snapshotTime = !container && version >= "2018-11-09" && random() < 0.2 ? moment() : undefined;
  const versionId = !container && !snapshotTime && version >= "2019-12-12" && random() < 0.2 ? moment() : undefined;
  const values = {
    containerName: "images", version, startsOn: maybe(() => at(-2)), expiresOn: at(3), ipRange: maybe(range),
    protocol: maybe(protocol), ...overrides(), snapshotTime, versionId,
    encryptionScope: version >= "2020-12-06" ? maybe(() => "scope" + below(9)) : undefined,
    blobName: container ? undefined : blobName(),
    permissions: container ? ContainerSASPermissions.parse(rights(version, "l")) : BlobSASPermissions.parse(rights(version, "")),
    ...more,
  };
  const sas = generateBlobSASQueryParameters(values, ...signer).toString();
  return {
    kind: signer.length > 1 ? "delegation" : "service", blob: values.blobName ?? "", snapshot: snapshotTime, version: versionId,
    headers: values.requestHeaders, query: values.requestQueryParameters, identifier: values.identifier,
    missing: { expiry: !values.expiresOn, permissions: !values.permissions }, sas,
  };
}

function delegation() {
  const version = pick(["2018-11-09", "2020-02-10", "2020-12-06", "2025-07-05", "2026-04-06"]);
  const key = {
    signedObjectId: guid(), signedTenantId: guid(), signedStartsOn: at(-4), signedExpiresOn: at(24), signedService: "b",
    signedVersion: version, value: delegationValue,
  };
  const user = version >= "2025-07-05" ? maybe(guid) : undefined;
  if (user) key.signedDelegatedUserTenantId = maybe(guid);
  const since = (first, make) => (version >= first ? maybe(make) : undefined);
  return service([key, "acct"], version, {
    preauthorizedAgentObjectId: since("2020-02-10", guid), correlationId: since("2020-02-10", guid),
    delegatedUserObjectId: user,
    requestHeaders: since("2026-04-06", () => bound(["x-ms-blob-type", "x-ms-meta-a", "content-type"])),
    requestQueryParameters: since("2026-04-06", () => bound(["comp", "blockid", "timeout"])),
  });
}

function account() {
  const version = pick(["2015-04-05", "2018-11-09", "2020-12-06", "2026-04-06"]);
  return { kind: "account", blob: "b", sas: generateAccountSASQueryParameters({
    version, startsOn: maybe(() => at(-2)), expiresOn: at(3), ipRange: maybe(range), protocol: maybe(protocol),
    permissions: AccountSASPermissions.parse(letters("rwdlacup" + (version >= "2019-12-12" ? "xtf" : "") + (version >= "2020-08-04" ? "i" : ""))), services: AccountSASServices.parse(letters("bqtf")).toString(),
    resourceTypes: AccountSASResourceTypes.parse(letters("sco")).toString(),
    encryptionScope: version >= "2020-12-06" ? maybe(() => "scope") : undefined,
  }, shared).toString() };
}

const kinds = [
  () => {
    const version = pick(["2015-04-05", "2018-11-09", "2019-12-12", "2020-12-06", "2026-04-06"]);
    return service([shared], version, random() < 0.2 ? policy() : {});
  },
  delegation,
  account,
];
for (let i = 0; i < Number(process.argv[3]); i++) console.log(JSON.stringify(pick(kinds)()));
