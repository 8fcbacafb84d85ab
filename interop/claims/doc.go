// Package claims lets many clients race for one receipt of a real claims ledger, in one process and
// through kills of it, and has porcupine judge whether what they were told is linearizable.
package claims
