// Package sas makes, reads, verifies and explains Azure Storage shared access signatures for Blob Storage: service SAS
// (blob, container, snapshot, version, directory), account SAS and user delegation SAS, in every layout of the
// string-to-sign from version 2015-04-05 to 2026-04-06 and later.
//
// A client signs:
//
//	token, err := (&sas.Service{
//		Account: "acct", Container: "images", Blob: "cat.jpg",
//		Permissions: sas.Write, Expiry: sas.TimeOf(time.Now().Add(10 * time.Minute)), Protocol: sas.HTTPS,
//	}).Sign(key)
//
// A server verifies, in two steps, because what an operation needs can depend on what is stored:
//
//	token, err := sas.Parse(r.URL.RawQuery)
//	grant, err := token.Authenticate(request, keys, time.Now()) // genuine, in time, from the right place
//	err = grant.Authorize(sas.PutBlob)                          // and good for this operation
//
// Parsing is strict: what cannot be understood in exactly one way is refused, so that two readers of a query never see
// two different tokens. The string-to-sign uses each value exactly as it stands in the query after URL-decoding.
//
// The package imports the standard library only. Facts are taken from the Azure Storage REST reference ("Create a
// service SAS", "Create an account SAS", "Create a user delegation SAS") and from what the Azure SDKs sign.
package sas
