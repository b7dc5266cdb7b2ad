package raster

import "image"

// Turn returns an image of one of the types that Go's PNG decoder makes as Orient returns planes: turned by an EXIF
// orientation, every pixel exactly as it was. It returns nil for other types.
func Turn(src image.Image, orientation int) image.Image {
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	to := image.Rect(0, 0, w, h)
	switch s := src.(type) {
	case *image.Gray:
		out := image.NewGray(to)
		turn(out.Pix, out.Stride, s.Pix, s.Stride, s.Rect, 1, orientation)
		return out
	case *image.Gray16:
		out := image.NewGray16(to)
		turn(out.Pix, out.Stride, s.Pix, s.Stride, s.Rect, 2, orientation)
		return out
	case *image.Paletted:
		out := image.NewPaletted(to, s.Palette)
		turn(out.Pix, out.Stride, s.Pix, s.Stride, s.Rect, 1, orientation)
		return out
	case *image.RGBA:
		out := image.NewRGBA(to)
		turn(out.Pix, out.Stride, s.Pix, s.Stride, s.Rect, 4, orientation)
		return out
	case *image.NRGBA:
		out := image.NewNRGBA(to)
		turn(out.Pix, out.Stride, s.Pix, s.Stride, s.Rect, 4, orientation)
		return out
	case *image.RGBA64:
		out := image.NewRGBA64(to)
		turn(out.Pix, out.Stride, s.Pix, s.Stride, s.Rect, 8, orientation)
		return out
	case *image.NRGBA64:
		out := image.NewNRGBA64(to)
		turn(out.Pix, out.Stride, s.Pix, s.Stride, s.Rect, 8, orientation)
		return out
	}
	return nil
}

// turn moves pixels of size bytes from src, whose first byte is the top left of rect, to where the orientation shows
// them.
func turn(dst []byte, dstStride int, src []byte, srcStride int, rect image.Rectangle, size, orientation int) {
	w, h := rect.Dx(), rect.Dy()
	var origin, right, down int // offsets in dst: of the stored top left, of a step right, of a step down
	step := size
	switch orientation {
	case 2:
		origin, right, down = (w-1)*step, -step, dstStride
	case 3:
		origin, right, down = (h-1)*dstStride+(w-1)*step, -step, -dstStride
	case 4:
		origin, right, down = (h-1)*dstStride, step, -dstStride
	case 5:
		origin, right, down = 0, dstStride, step
	case 6:
		origin, right, down = (h-1)*step, dstStride, -step
	case 7:
		origin, right, down = (w-1)*dstStride+(h-1)*step, -dstStride, -step
	case 8:
		origin, right, down = (w-1)*dstStride, -dstStride, step
	default:
		origin, right, down = 0, step, dstStride
	}
	for y := range h {
		row, at := src[y*srcStride:][:w*size], origin+y*down
		for x := 0; x < len(row); x += size {
			copy(dst[at:at+size], row[x:x+size])
			at += right
		}
	}
}
