//go:build !mutant_door

package mutant

// Door: the door to GitHub opens more than once for one epoch.
const Door = false
