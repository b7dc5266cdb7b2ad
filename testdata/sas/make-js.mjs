// Signs the js-*.txt vectors with Microsoft's JavaScript SDK. README.md says how to run it.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import {
  AccountSASPermissions, AccountSASResourceTypes, AccountSASServices, BlobSASPermissions, ContainerSASPermissions,
  SASProtocol, StorageSharedKeyCredential, generateAccountSASQueryParameters, generateBlobSASQueryParameters,
} from "@azure/storage-blob";

const folder = process.argv[2];
const require = createRequire(import.meta.url);
const { version } = JSON.parse(readFileSync(join(require.resolve("@azure/storage-blob"), "../../../package.json")));

const accountKey = Buffer.from("0123456789abcdef".repeat(4)).toString("base64");
const delegationKeyValue = Buffer.from("delegate".repeat(4)).toString("base64");
const now = "2026-05-04T12:00:00Z";
const base = {
  containerName: "images", blobName: "cats/tabby.jpg", permissions: BlobSASPermissions.parse("rcw"),
  expiresOn: new Date("2026-05-04T13:00:00Z"), protocol: SASProtocol.Https,
};
const shared = new StorageSharedKeyCredential("acct", accountKey);
const guid = (digit) => "dddddddd-dddd-dddd-dddd-dddddddddddd".replaceAll("d", digit);
const delegationKey = {
  signedObjectId: guid("1"), signedTenantId: guid("2"), signedStartsOn: new Date("2026-05-04T11:00:00Z"),
  signedExpiresOn: new Date("2026-05-05T12:00:00Z"), signedService: "b", signedVersion: "2026-04-06",
  value: delegationKeyValue,
};
const everything = {
  startsOn: new Date("2026-05-04T11:30:00Z"), ipRange: { start: "10.0.0.1", end: "10.0.0.9" }, cacheControl: "no-store",
  contentDisposition: 'attachment; filename="a+b &c.jpg"', contentEncoding: "identity", contentLanguage: "de",
  contentType: "image/jpeg",
};
const url = "https://acct.blob.core.windows.net/images/cats/tabby.jpg";
const moment = "2026-01-02T03:04:05.1234567Z";

function write(name, comment, place, query, { delegation = false, expect = "none", headers = [] } = {}) {
  writeFileSync(join(folder, `js-${name}.txt`), [
    `comment: ${comment}`,
    `made-by: @azure/storage-blob ${version}`,
    `expect: ${expect}`, "verdict: works", "signature: right", `now: ${now}`,
    delegation ? `delegation-key: ${delegationKeyValue}` : `account-key: ${accountKey}`,
    ...headers, "", `${place}${place.includes("?") ? "&" : "?"}${query}`, "",
  ].join("\n"));
}
const blob = (values) => generateBlobSASQueryParameters({ ...base, ...values }, shared).toString();
const delegated = (values) =>
  generateBlobSASQueryParameters({ ...base, ...values }, delegationKey, "acct").toString();
const bound = { headers: ["header: x-ms-client-request-id: 1"], delegation: true };

for (const v of ["2015-04-05", "2018-11-09", "2020-12-06", "2026-04-06"]) {
  write(`blob-${v}`, `a blob SAS at ${v}`, url, blob({ version: v }));
  write(`blob-${v}-everything`, `a blob SAS at ${v} with every field`, url,
    blob({ version: v, ...everything, encryptionScope: v >= "2020-12-06" ? "scope" : undefined }));
}
write("container", "a container SAS with a name that needs escaping", "https://acct.blob.core.windows.net/images/caf%C3%A9%20%231.jpg",
  blob({ version: "2026-04-06", blobName: undefined, permissions: ContainerSASPermissions.parse("rl") }));
write("blob-escaped", "a blob SAS with a name that needs escaping", "https://acct.blob.core.windows.net/images/caf%C3%A9%20%231%2B.jpg",
  blob({ version: "2026-04-06", blobName: "café #1+.jpg" }));
write("snapshot", "a snapshot SAS", `${url}?snapshot=${encodeURIComponent(moment)}`,
  blob({ version: "2026-04-06", permissions: BlobSASPermissions.parse("r"), snapshotTime: moment }));
write("version", "a SAS for one version", `${url}?versionid=${encodeURIComponent(moment)}`,
  blob({ version: "2026-04-06", permissions: BlobSASPermissions.parse("rx"), versionId: moment }));
write("policy", "a stored access policy has the rights", url,
  blob({ version: "2026-04-06", permissions: undefined, expiresOn: undefined, identifier: "readers" }),
  { headers: ["policy: readers sp=r se=2026-05-04T13:00:00Z"] });
for (const v of ["2018-11-09", "2020-02-10", "2020-12-06", "2025-07-05", "2026-04-06"]) {
  write(`delegation-${v}`, `a user delegation SAS at ${v}`, url, delegated({ version: v }), { delegation: true });
}
write("delegation-everything", "a user delegation SAS with every field", `${url}?comp=block&blockid=MDAwMDAx`, delegated({
  version: "2026-04-06", ...everything, permissions: BlobSASPermissions.parse("w"), encryptionScope: "scope",
  preauthorizedAgentObjectId: guid("4"), correlationId: guid("5"),
  requestHeaders: { "x-ms-client-request-id": "1" }, requestQueryParameters: { comp: "block", blockid: "MDAwMDAx" },
}), bound);
write("delegation-user-bound", "a user delegation SAS bound to one user", url,
  delegated({ version: "2025-07-05", delegatedUserObjectId: guid("3") }), { delegation: true, expect: "user-bound" });
for (const v of ["2015-04-05", "2020-12-06", "2026-04-06"]) {
  write(`account-${v}`, `an account SAS at ${v}`, "https://acct.blob.core.windows.net/?comp=list", generateAccountSASQueryParameters({
    version: v, startsOn: everything.startsOn, expiresOn: base.expiresOn, protocol: base.protocol, ipRange: everything.ipRange,
    permissions: AccountSASPermissions.parse(v === "2015-04-05" ? "rwdlacup" : "rwdxylacuptfi"),
    services: AccountSASServices.parse("bfqt").toString(), resourceTypes: AccountSASResourceTypes.parse("sco").toString(),
    encryptionScope: v >= "2020-12-06" ? "scope" : undefined,
  }, shared).toString());
}
