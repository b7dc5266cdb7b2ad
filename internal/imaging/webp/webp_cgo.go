//go:build cgo

package webp

/*
#include "libwebp.h"

// vk_init prepares both structures and refuses what libwebp would.
static int vk_init(WebPConfig *config, WebPPicture *pic, WebPMemoryWriter *out, float quality, int method,
		int width, int height) {
	WebPMemoryWriterInit(out);
	if (!WebPConfigInitInternal(config, 0, quality, VK_WEBP_ENCODER_ABI) ||
			!WebPPictureInitInternal(pic, VK_WEBP_ENCODER_ABI)) {
		return 0;
	}
	config->method = method;
	pic->width = width;
	pic->height = height;
	pic->writer = WebPMemoryWrite;
	pic->custom_ptr = out;
	return WebPValidateConfig(config);
}

static int vk_encode(const WebPConfig *config, WebPPicture *pic) {
	int ok = WebPEncode(config, pic);
	WebPPictureFree(pic);
	return ok ? 0 : pic->error_code;
}

// vk_encode_yuv compresses 4:2:0 planes in studio range. It returns 0 or a WebPEncodingError; -1 is a refused setting.
static int vk_encode_yuv(float quality, int method, int width, int height, uint8_t *y, int y_stride,
		uint8_t *u, uint8_t *v, int uv_stride, WebPMemoryWriter *out) {
	WebPConfig config;
	WebPPicture pic;
	if (!vk_init(&config, &pic, out, quality, method, width, height)) {
		return -1;
	}
	pic.y = y;
	pic.u = u;
	pic.v = v;
	pic.y_stride = y_stride;
	pic.uv_stride = uv_stride;
	return vk_encode(&config, &pic);
}

// vk_encode_rgba compresses RGBA that is not premultiplied. Its answers are those of vk_encode_yuv.
static int vk_encode_rgba(float quality, int method, int width, int height, const uint8_t *rgba, int stride,
		WebPMemoryWriter *out) {
	WebPConfig config;
	WebPPicture pic;
	if (!vk_init(&config, &pic, out, quality, method, width, height)) {
		return -1;
	}
	if (!WebPPictureImportRGBA(&pic, rgba, stride)) {
		WebPPictureFree(&pic);
		return pic.error_code;
	}
	return vk_encode(&config, &pic);
}
*/
import "C"

import (
	"fmt"
	"image"
	"unsafe"

	_ "github.com/bep/gowebp/libwebp" // compiles and links libwebp
)

// Available reports whether this build can encode WebP.
const Available = true

// The full range of JFIF, laid on the studio range that WebP stores (RFC 6386, section 9.2; ITU-R BT.601).
var studioLuma, studioChroma = func() (luma, chroma [256]byte) {
	for i := range 256 {
		luma[i] = byte(16 + (i*219+127)/255)
		chroma[i] = byte((128*255 + (i-128)*224 + 127) / 255)
	}
	return luma, chroma
}()

// EncodeYCbCr compresses a 4:2:0 picture whose origin is (0, 0).
func EncodeYCbCr(m *image.YCbCr, o Options) ([]byte, error) {
	if m.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		return nil, fmt.Errorf("webp: chroma is %v, not 4:2:0", m.SubsampleRatio)
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	cw, ch := (w+1)/2, (h+1)/2
	return encodePlanes(w, h, o,
		mapped(m.Y, m.YStride, w, h, &studioLuma),
		mapped(m.Cb, m.CStride, cw, ch, &studioChroma),
		mapped(m.Cr, m.CStride, cw, ch, &studioChroma))
}

// EncodeGray compresses a picture without colour whose origin is (0, 0).
func EncodeGray(m *image.Gray, o Options) ([]byte, error) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	neutral := make([]byte, ((w+1)/2)*((h+1)/2))
	for i := range neutral {
		neutral[i] = 128
	}
	return encodePlanes(w, h, o, mapped(m.Pix, m.Stride, w, h, &studioLuma), neutral, neutral)
}

// mapped copies a plane through a table, without gaps between rows.
func mapped(pix []byte, stride, w, h int, table *[256]byte) []byte {
	out := make([]byte, w*h)
	for y := range h {
		row := out[y*w:][:w]
		for x, v := range pix[y*stride:][:w] {
			row[x] = table[v]
		}
	}
	return out
}

func encodePlanes(w, h int, o Options, y, u, v []byte) ([]byte, error) {
	var out C.WebPMemoryWriter
	code := C.vk_encode_yuv(C.float(o.Quality), C.int(o.Method), C.int(w), C.int(h), bytePointer(y), C.int(w),
		bytePointer(u), bytePointer(v), C.int((w+1)/2), &out)
	return result(code, &out)
}

// EncodeNRGBA compresses a picture with transparency whose origin is (0, 0).
func EncodeNRGBA(m *image.NRGBA, o Options) ([]byte, error) {
	var out C.WebPMemoryWriter
	code := C.vk_encode_rgba(C.float(o.Quality), C.int(o.Method), C.int(m.Rect.Dx()), C.int(m.Rect.Dy()),
		bytePointer(m.Pix), C.int(m.Stride), &out)
	return result(code, &out)
}

func bytePointer(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(b)) }

func result(code C.int, out *C.WebPMemoryWriter) ([]byte, error) {
	defer C.WebPMemoryWriterClear(out)
	if code != 0 {
		return nil, fmt.Errorf("webp: libwebp error %d", int(code))
	}
	return C.GoBytes(unsafe.Pointer(out.mem), C.int(out.size)), nil
}
