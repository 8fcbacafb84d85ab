// Package recorder brings records into the log, and finishes after a crash what was begun. It is the
// one writer of the log (package log/tessera) and the one user of the ledger's outbox; it knows no
// network.
//
// # How a record gets into the log
//
// Frozen in the ledger, put into the record store, appended to the log, its index noted: in this
// order, each step durable before the next. With the index the ledger drops the bytes; from then on
// they are read from the record store, and what is erased there is erased. A record is appended
// only after every record that it names has an index.
//
// A record whose change of a claim freezes it (a claim, an outcome, a revocation, a resolution) is
// frozen by the caller with that change, in the form of [Frozen]; all others by the recorder.
//
// # After a crash
//
// What a crash leaves frozen without an index is looked up in the log, and appended again if it is
// not there, in the order in which it was frozen, before the Core serves anybody
// ([Recorder.Recover]). At most one leaf is physically there twice after such a crash; readers
// count leaf hashes.
//
// A position in an answer is final. The checkpoint over it may lag, and proving it is the
// reader's business: claim and intent therefore share one wait.
package recorder
