//go:build !linux

package diskstore

func diskUse(string) (int64, error) { return 0, nil }
