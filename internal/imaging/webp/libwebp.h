// The part of libwebp's encoder interface (ABI 0x02xx) that this package calls. The library itself is compiled and
// linked by github.com/bep/gowebp, which offers no planar input and no effort setting; its C symbols are visible to
// the linker though, so only the declarations are needed here. WebPPictureInitInternal and WebPConfigInitInternal
// refuse a caller whose major ABI version differs, and the tests encode and decode through every field used.
// Source: https://developers.google.com/speed/webp/docs/api
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define VK_WEBP_ENCODER_ABI 0x020f

typedef struct WebPConfig {
  int lossless;
  float quality;
  int method;
  int image_hint;
  int target_size;
  float target_PSNR;
  int segments, sns_strength, filter_strength, filter_sharpness, filter_type, autofilter;
  int alpha_compression, alpha_filtering, alpha_quality;
  int pass, show_compressed, preprocessing, partitions, partition_limit, emulate_jpeg_size;
  int thread_level, low_memory, near_lossless, exact, use_delta_palette, use_sharp_yuv, qmin, qmax;
} WebPConfig;

typedef struct WebPPicture WebPPicture;

struct WebPPicture {
  int use_argb;
  int colorspace;
  int width, height;
  uint8_t *y, *u, *v;
  int y_stride, uv_stride;
  uint8_t *a;
  int a_stride;
  uint32_t pad1[2];
  uint32_t *argb;
  int argb_stride;
  uint32_t pad2[3];
  int (*writer)(const uint8_t *data, size_t size, const WebPPicture *picture);
  void *custom_ptr;
  int extra_info_type;
  uint8_t *extra_info;
  void *stats;
  int error_code;
  int (*progress_hook)(int percent, const WebPPicture *picture);
  void *user_data;
  uint32_t pad3[3];
  uint8_t *pad4, *pad5;
  uint32_t pad6[8];
  void *memory_, *memory_argb_;
  void *pad7[2];
};

typedef struct WebPMemoryWriter {
  uint8_t *mem;
  size_t size, max_size;
  uint32_t pad[1];
} WebPMemoryWriter;

enum { VK_WEBP_YUV420 = 0, VK_WEBP_YUV420A = 4 };

int WebPConfigInitInternal(WebPConfig *, int preset, float quality, int abi);
int WebPValidateConfig(const WebPConfig *);
int WebPPictureInitInternal(WebPPicture *, int abi);
int WebPPictureImportRGBA(WebPPicture *, const uint8_t *rgba, int stride);
void WebPPictureFree(WebPPicture *);
int WebPEncode(const WebPConfig *, WebPPicture *);
void WebPMemoryWriterInit(WebPMemoryWriter *);
void WebPMemoryWriterClear(WebPMemoryWriter *);
int WebPMemoryWrite(const uint8_t *data, size_t size, const WebPPicture *picture);
