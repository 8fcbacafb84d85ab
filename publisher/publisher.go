// Package publisher carries out what was authorised: exactly that, exactly once.
package publisher
