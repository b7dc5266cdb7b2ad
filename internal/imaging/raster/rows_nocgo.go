//go:build !cgo || !amd64

package raster

func (k *kernel) apply(dst []int16, src []byte) { k.applyGo(dst, src) }

func (s *scaler) combine(dst []byte, first int, weights []int16) { s.combineGo(dst, first, weights) }
