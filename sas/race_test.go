//go:build race

package sas

// raceEnabled tells that the race detector runs, under which sync.Pool drops what it keeps at random.
const raceEnabled = true
