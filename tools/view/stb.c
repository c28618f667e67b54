/* stb.c: the bodies of the libraries that draw glyphs and write PNG: Sean Barrett's stb_truetype
 * and stb_image_write (public domain or MIT), Debian's libstb-dev. Compiled without warnings,
 * which are not ours to mend. */
#define STB_TRUETYPE_IMPLEMENTATION
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO

#include <stb/stb_image_write.h>
#include <stb/stb_truetype.h>
