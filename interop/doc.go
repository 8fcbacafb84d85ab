// Package interop holds marketops to foreign implementations: what it publishes must be accepted, and
// what somebody has tampered with refused, by code that others wrote.
//
//	sigstore-go   exported bundles: receipt, outcome, and a downloaded asset against its receipt
//	cosign        the same through the printed command line, in a namespace without a network; key files
//	formats/proof, merkle, x/mod/sumdb   every .tlog-proof and its checkpoint
//	tessera/fsck  the whole log
//	omniwitness   a log that it and our own witness cosign; formats/note reads both cosignatures
//
// It is a module of its own so that none of them becomes a dependency of the product, nor anything
// else that only tests need:
//
//	claims        porcupine judges what racing clients of one receipt were told
//	browser       chromium, driven by chromedp, opens the page that verifies
//	openapi       kin-openapi judges values as the practice GitHub's own reader of GitHub's description does
//
// The tests of this package make their evidence by running the real binaries against the practice
// GitHub, from plan to pack, and import nothing of marketops: leaves, keys and digests are
// computed here a second time. The benchmarks alone do, to compare our verifier with sigstore-go in one
// process, and with cosign on a receipt of its own.
//
// The tests with cosign need its path in MARKETOPS_COSIGN and are skipped otherwise. Run all with
// -count=1: go test does not see that the binaries outside this module have changed.
package interop
